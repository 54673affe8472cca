import { type Certificate, makeCertificate } from './certificate.ts';
import type { Daemon } from './daemon.ts';
import type { Endpoint, Namespace } from './namespace.ts';
import { Premises } from './premises.ts';
import { startCoturn, startHaproxy, startHoldline, startNginx, startSquid } from './programs.ts';
import { byProxy, byTunnel, type Road } from './road.ts';
import { startWebSocketServer } from './web-socket.ts';

const http = (host: string): Endpoint => ({ host, port: 80 });
const https = (host: string): Endpoint => ({ host, port: 443 });

/** Who is where outside, and the squid on the gateway. */
export const AT = {
  squid: { host: '10.77.9.1', port: 3128 },
  holdline: http('10.77.9.2'),
  /** The same server by another address. */
  holdlineAgain: http('10.77.9.3'),
  nginx: https('10.77.9.10'),
  haproxy: https('10.77.9.11'),
  /** An nginx that waits no longer than `IMPATIENT_SECONDS` for an answer. */
  impatientNginx: https('10.77.9.12'),
  /** An impatient nginx, with the server's two addresses to choose from; one site for each test, since nginx remembers failures. */
  retryingNginx: https('10.77.9.13'),
  exhaustedNginx: https('10.77.9.14'),
  postingNginx: https('10.77.9.15'),
  turn: https('10.77.9.20'),
  webSocket: { host: '10.77.9.30', port: 8080 },
  webSocketBehindNginx: https('10.77.9.31'),
  webSocketBehindHaproxy: https('10.77.9.32'),
} as const;

/** Where the nginx has Holdline a second time, below a path of the site. */
export const BELOW = '/signalling';
export const IMPATIENT_SECONDS = 3;
/** Long enough for a busy test to send a message while the second attempt is held. */
const RETRYING_SECONDS = 10;
/** The response header in which an impatient nginx lists the upstream addresses that it has asked. */
export const ASKED = 'X-Asked';
const TURN_SECRET = 'shared-by-coturn-and-holdline';

/**
 * An office whose only way out is the squid on its gateway. Outside are a TURN server, and Holdline and a WebSocket server, each
 * by itself and behind nginx and haproxy.
 */
export class Office {
  readonly premises: Premises;
  /** What nginx has to say, such as that an upstream timed out. */
  readonly nginx: Daemon;
  readonly #certificate: Certificate;

  private constructor(premises: Premises, nginx: Daemon, certificate: Certificate) {
    this.premises = premises;
    this.nginx = nginx;
    this.#certificate = certificate;
  }

  static async open(): Promise<Office> {
    const hosts = Object.values(AT).map(({ host }) => host);
    const premises = await Premises.build(hosts);
    const certificate = makeCertificate(hosts);
    const [nginx] = await Promise.all([startNginxAt(premises.internet, certificate), startRest(premises, certificate)]);
    return new Office(premises, nginx, certificate);
  }

  get alice(): Namespace {
    return this.premises.desks.alice;
  }

  get bob(): Namespace {
    return this.premises.desks.bob;
  }

  /** To a site with TLS outside, by the squid. */
  tunnel(from: Namespace, site: Endpoint): Road {
    return byTunnel(from, AT.squid, site, this.#certificate.pem);
  }

  /** In PEM: who trusts it trusts every site with TLS outside. */
  get certificatePath(): string {
    return this.#certificate.certificatePath;
  }
}

function startNginxAt(internet: Namespace, certificate: Certificate): Promise<Daemon> {
  const waiting = (seconds: number) => `proxy_read_timeout ${seconds}s; add_header ${ASKED} $upstream_addr always;`;
  const directives = waiting(IMPATIENT_SECONDS);
  const belowPath = `location ${BELOW}/ { proxy_pass http://${AT.holdline.host}/; }`;
  const both = [AT.holdline, AT.holdlineAgain];
  return startNginx(internet, certificate, [
    { at: AT.nginx, to: [AT.holdline], directives: belowPath },
    { at: AT.impatientNginx, to: [AT.holdline], directives },
    { at: AT.retryingNginx, to: both, directives: waiting(RETRYING_SECONDS) },
    { at: AT.exhaustedNginx, to: both, directives, failSeconds: 600 },
    { at: AT.postingNginx, to: both, directives },
    { at: AT.webSocketBehindNginx, to: [AT.webSocket] },
  ]);
}

async function startRest({ gateway, internet }: Premises, certificate: Certificate): Promise<void> {
  const turn = `${AT.turn.host}:${AT.turn.port}?transport=tcp`;
  const env = { TURN_URLS: `turn:${turn},turns:${turn}`, TURN_SECRET, OPEN_TURN: 'on' };
  await Promise.all([
    startSquid(gateway, AT.squid),
    startHoldline(internet, AT.holdline.port, env),
    startWebSocketServer(internet, AT.webSocket.port),
    startHaproxy(internet, certificate, [
      { at: AT.haproxy, to: AT.holdline },
      { at: AT.webSocketBehindHaproxy, to: AT.webSocket },
    ]),
    startCoturn(internet, certificate, AT.turn, TURN_SECRET),
  ]);
}

/** How a desk comes to Holdline, in words that end a sentence. */
export const ROADS: Readonly<Record<string, (office: Office, from: Namespace) => Road>> = {
  'by squid, which reads plain HTTP': (_, from) => byProxy(from, AT.squid, AT.holdline),
  'by a tunnel of squid and nginx, all defaults': (office, from) => office.tunnel(from, AT.nginx),
  'by a tunnel of squid and haproxy, all defaults': (office, from) => office.tunnel(from, AT.haproxy),
};
