import { type Endpoint, Namespace } from './namespace.ts';

const GATEWAY = '10.77.9.1';
const OUTSIDE = '10.77.9.2';

/**
 * The machines of a corporate network: two clients that cannot reach each other, as in a guest network, a gateway that
 * forwards nothing, and the internet outside. The addresses exist only in these namespaces.
 */
export class FirewalledMachines {
  readonly clients: { readonly alice: Namespace; readonly bob: Namespace };
  readonly gateway: Namespace;
  readonly internet: Namespace;

  private constructor(alice: Namespace, bob: Namespace, gateway: Namespace, internet: Namespace) {
    this.clients = { alice, bob };
    this.gateway = gateway;
    this.internet = internet;
  }

  /** @param hosts further addresses of the internet, in 10.77.9.0/24 */
  static async build(hosts: readonly string[]): Promise<FirewalledMachines> {
    const [alice, bob, gateway, internet] = await Promise.all([create(), create(), create(), create()]);
    alice.connectTo('10.77.1.2/24', gateway, '10.77.1.1/24');
    bob.connectTo('10.77.2.2/24', gateway, '10.77.2.1/24');
    gateway.connectTo(`${GATEWAY}/24`, internet, `${OUTSIDE}/24`);
    for (const host of hosts) {
      if (host !== GATEWAY && host !== OUTSIDE) internet.addAddress(`${host}/24`, OUTSIDE);
    }
    alice.run('ip', 'route', 'add', 'default', 'via', '10.77.1.1');
    bob.run('ip', 'route', 'add', 'default', 'via', '10.77.2.1');
    internet.run('ip', 'route', 'add', '10.77.0.0/16', 'via', GATEWAY);
    const machines = new FirewalledMachines(alice, bob, gateway, internet);
    machines.#rejectForwarding();
    return machines;
  }

  /** From now on, the gateway forwards TCP to this address, like a firewall with an open port. */
  allow({ host, port }: Endpoint): void {
    for (const [end, portOption] of [
      ['--destination', '--dport'],
      ['--source', '--sport'],
    ] as const) {
      this.#firewall('-I', 'FORWARD', '-p', 'tcp', end, host, portOption, String(port), '-j', 'ACCEPT');
    }
  }

  /**
   * From now on, every packet of the connections between the client and this address is lost, in both directions, and
   * neither end learns of it. New connections work.
   */
  loseConnections(client: Namespace, { host, port }: Endpoint): void {
    const lines = client.run('ss', '-Htn', 'state', 'established', 'dst', `${host}:${port}`).trim().split('\n');
    for (const line of lines) {
      const clientPort = /:(\d+)\s/.exec(line)?.[1];
      if (clientPort === undefined) throw new Error('there is no such connection');
      for (const portOption of ['--sport', '--dport']) {
        this.#firewall('-I', 'FORWARD', '-p', 'tcp', portOption, clientPort, '-j', 'DROP');
      }
    }
  }

  /** A transparent proxy on the gateway takes new connections to this address. @returns a function that ends this */
  intercept({ host, port }: Endpoint, proxy: Endpoint): () => void {
    const site = ['PREROUTING', '-p', 'tcp', '--destination', host, '--dport', String(port)];
    const rule = [...site, '-j', 'REDIRECT', '--to-ports', String(proxy.port)];
    this.#firewall('-t', 'nat', '-I', ...rule);
    return () => this.#firewall('-t', 'nat', '-D', ...rule);
  }

  /** Rejects packets instead of dropping them, so that connections fail at once. */
  #rejectForwarding(): void {
    this.gateway.run('sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward');
    this.#firewall('-A', 'FORWARD', '-p', 'tcp', '-j', 'REJECT', '--reject-with', 'tcp-reset');
    this.#firewall('-A', 'FORWARD', '-j', 'REJECT');
    // Makes the kernel track connections from now on: `intercept` would redirect those that it does not know.
    this.#firewall('-A', 'FORWARD', '-m', 'conntrack', '--ctstate', 'INVALID', '-j', 'DROP');
  }

  #firewall(...rule: string[]): void {
    this.gateway.run('iptables', '-w', ...rule);
  }
}

const create = (): Promise<Namespace> => Namespace.create();
