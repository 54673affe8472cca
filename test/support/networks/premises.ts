import { type Endpoint, Namespace } from './namespace.ts';

const GATEWAY = '10.77.9.1';
const OUTSIDE = '10.77.9.2';

/**
 * The machines and cables of an office: two desks that cannot see each other, as guests of a network cannot, a gateway that
 * forwards nothing, and the internet outside. The addresses exist in these namespaces only.
 */
export class Premises {
  readonly desks: { readonly alice: Namespace; readonly bob: Namespace };
  readonly gateway: Namespace;
  readonly internet: Namespace;

  private constructor(alice: Namespace, bob: Namespace, gateway: Namespace, internet: Namespace) {
    this.desks = { alice, bob };
    this.gateway = gateway;
    this.internet = internet;
  }

  /** @param hosts the further addresses of the internet, in 10.77.9.0/24 */
  static async build(hosts: readonly string[]): Promise<Premises> {
    const [alice, bob, gateway, internet] = await Promise.all([create(), create(), create(), create()]);
    alice.cable('10.77.1.2/24', gateway, '10.77.1.1/24');
    bob.cable('10.77.2.2/24', gateway, '10.77.2.1/24');
    gateway.cable(`${GATEWAY}/24`, internet, `${OUTSIDE}/24`);
    for (const host of hosts) {
      if (host !== GATEWAY && host !== OUTSIDE) internet.addAddress(`${host}/24`, OUTSIDE);
    }
    alice.run('ip', 'route', 'add', 'default', 'via', '10.77.1.1');
    bob.run('ip', 'route', 'add', 'default', 'via', '10.77.2.1');
    internet.run('ip', 'route', 'add', '10.77.0.0/16', 'via', GATEWAY);
    const premises = new Premises(alice, bob, gateway, internet);
    premises.#close();
    return premises;
  }

  /** The gateway forwards TCP to this address from now on, as a firewall does that leaves a port open. */
  let({ host, port }: Endpoint): void {
    for (const [end, portOption] of [
      ['--destination', '--dport'],
      ['--source', '--sport'],
    ] as const) {
      this.#firewall('-I', 'FORWARD', '-p', 'tcp', end, host, portOption, String(port), '-j', 'ACCEPT');
    }
  }

  /** Refusing beats dropping here: a test learns at once that nothing gets through. */
  #close(): void {
    this.gateway.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward');
    this.#firewall('-A', 'FORWARD', '-p', 'tcp', '-j', 'REJECT', '--reject-with', 'tcp-reset');
    this.#firewall('-A', 'FORWARD', '-j', 'REJECT');
  }

  #firewall(...rule: string[]): void {
    this.gateway.run('iptables', '-w', ...rule);
  }
}

const create = (): Promise<Namespace> => Namespace.create();
