import { type Certificate, makeCertificate } from './certificate.ts';
import type { Daemon } from './daemon.ts';
import type { Endpoint, Namespace } from './namespace.ts';
import { FirewalledMachines } from './firewalled-machines.ts';
import { Middlebox } from './middlebox.ts';
import { startCoturn, startHaproxy, startHoldline, startNginx, startSquid } from './programs.ts';
import { viaProxy, viaTunnel, type HttpRoute } from './http-route.ts';
import { startWebSocketServer } from './web-socket.ts';

const http = (host: string): Endpoint => ({ host, port: 80 });
const https = (host: string): Endpoint => ({ host, port: 443 });

/** The addresses of the servers outside, and of the squid on the gateway. */
export const ENDPOINTS = {
  squid: { host: '10.77.9.1', port: 3128 },
  /** Other ports of the same squid; see `startSquid`. */
  refusingSquid: { host: '10.77.9.1', port: 3129 },
  strippingSquid: { host: '10.77.9.1', port: 3130 },
  upgradingSquid: { host: '10.77.9.1', port: 3131 },
  interceptingSquid: { host: '10.77.9.1', port: 3132 },
  holdline: http('10.77.9.2'),
  /** The same server at another address. */
  holdlineAgain: http('10.77.9.3'),
  nginx: https('10.77.9.10'),
  haproxy: https('10.77.9.11'),
  /** An nginx with a response timeout of `IMPATIENT_SECONDS`. */
  impatientNginx: https('10.77.9.12'),
  /**
   * An impatient nginx with the server's two addresses as upstreams; one site per test, because nginx remembers
   * failures.
   */
  retryingNginx: https('10.77.9.13'),
  exhaustedNginx: https('10.77.9.14'),
  postingNginx: https('10.77.9.15'),
  turn: https('10.77.9.20'),
  webSocket: { host: '10.77.9.30', port: 8080 },
  webSocketBehindNginx: https('10.77.9.31'),
  webSocketBehindHaproxy: https('10.77.9.32'),
  /** TCP proxies in front of `holdline`, by what they do with WebSockets; see `middlebox-process.ts`. */
  passing: { host: '10.77.9.40', port: 8081 },
  killing: { host: '10.77.9.41', port: 8081 },
  mute: { host: '10.77.9.42', port: 8081 },
} as const;

/** The path of the site below which nginx serves Holdline a second time. */
export const BASE_PATH = '/signalling';
export const IMPATIENT_SECONDS = 3;
/** Long enough for a test on a busy machine to send a message while the second attempt is held. */
const RETRYING_SECONDS = 10;
/** The response header in which nginx lists the upstream addresses to which it sent the request. */
export const UPSTREAMS_HEADER = 'X-Asked';
const PROXIES = [
  { at: ENDPOINTS.passing, treatment: 'pass' },
  { at: ENDPOINTS.killing, treatment: 'kill' },
  { at: ENDPOINTS.mute, treatment: 'mute' },
] as const;
const TURN_SECRET = 'shared-by-coturn-and-holdline';

/** The programs outside that tests read from or control. */
interface Programs {
  readonly nginx: Daemon;
  readonly middlebox: Middlebox;
}

/**
 * A corporate network whose only way out is the squid on its gateway. Outside are a TURN server, and Holdline and a
 * WebSocket server, each directly and behind nginx and haproxy.
 */
export class CorporateProxyNetwork {
  readonly machines: FirewalledMachines;
  /** For its log, for example that an upstream timed out. */
  readonly nginx: Daemon;
  readonly middlebox: Middlebox;
  readonly #certificate: Certificate;

  private constructor(machines: FirewalledMachines, programs: Programs, certificate: Certificate) {
    this.machines = machines;
    this.nginx = programs.nginx;
    this.middlebox = programs.middlebox;
    this.#certificate = certificate;
  }

  static async open(): Promise<CorporateProxyNetwork> {
    const hosts = Object.values(ENDPOINTS).map(({ host }) => host);
    const machines = await FirewalledMachines.build(hosts);
    const certificate = makeCertificate(hosts);
    const [nginx, middlebox] = await Promise.all([
      startNginxAt(machines.internet, certificate),
      Middlebox.start(machines.internet, ENDPOINTS.holdline, PROXIES),
      startRest(machines, certificate),
    ]);
    return new CorporateProxyNetwork(machines, { nginx, middlebox }, certificate);
  }

  get alice(): Namespace {
    return this.machines.clients.alice;
  }

  get bob(): Namespace {
    return this.machines.clients.bob;
  }

  /** A route to a site with TLS outside, through a tunnel of squid. */
  tunnel(from: Namespace, site: Endpoint): HttpRoute {
    return viaTunnel(from, ENDPOINTS.squid, site, this.#certificate.pem);
  }

  /** PEM file; clients that trust it trust every site with TLS outside. */
  get certificatePath(): string {
    return this.#certificate.certificatePath;
  }
}

function startNginxAt(internet: Namespace, certificate: Certificate): Promise<Daemon> {
  const waiting = (seconds: number) =>
    `proxy_read_timeout ${seconds}s; add_header ${UPSTREAMS_HEADER} $upstream_addr always;`;
  const directives = waiting(IMPATIENT_SECONDS);
  const belowPath = `location ${BASE_PATH}/ { proxy_pass http://${ENDPOINTS.holdline.host}/; }`;
  const both = [ENDPOINTS.holdline, ENDPOINTS.holdlineAgain];
  return startNginx(internet, certificate, [
    { at: ENDPOINTS.nginx, to: [ENDPOINTS.holdline], directives: belowPath },
    { at: ENDPOINTS.impatientNginx, to: [ENDPOINTS.holdline], directives },
    { at: ENDPOINTS.retryingNginx, to: both, directives: waiting(RETRYING_SECONDS) },
    { at: ENDPOINTS.exhaustedNginx, to: both, directives, failSeconds: 600 },
    { at: ENDPOINTS.postingNginx, to: both, directives },
    { at: ENDPOINTS.webSocketBehindNginx, to: [ENDPOINTS.webSocket] },
  ]);
}

async function startRest({ gateway, internet }: FirewalledMachines, certificate: Certificate): Promise<void> {
  const turn = `${ENDPOINTS.turn.host}:${ENDPOINTS.turn.port}?transport=tcp`;
  const env = { TURN_URLS: `turn:${turn},turns:${turn}`, TURN_SECRET, OPEN_TURN: 'on' };
  await Promise.all([
    startSquid(gateway, ENDPOINTS),
    startHoldline(internet, ENDPOINTS.holdline.port, env),
    startWebSocketServer(internet, ENDPOINTS.webSocket.port),
    startHaproxy(internet, certificate, [
      { at: ENDPOINTS.haproxy, to: ENDPOINTS.holdline },
      { at: ENDPOINTS.webSocketBehindHaproxy, to: ENDPOINTS.webSocket },
    ]),
    startCoturn(internet, certificate, ENDPOINTS.turn, TURN_SECRET),
  ]);
}

/** The routes from a client to Holdline, by a name that ends a test title. */
export const ROUTES: Readonly<Record<string, (network: CorporateProxyNetwork, from: Namespace) => HttpRoute>> = {
  'by squid, which reads plain HTTP': (_, from) => viaProxy(from, ENDPOINTS.squid, ENDPOINTS.holdline),
  'by a tunnel of squid and nginx, all defaults': (network, from) => network.tunnel(from, ENDPOINTS.nginx),
  'by a tunnel of squid and haproxy, all defaults': (network, from) => network.tunnel(from, ENDPOINTS.haproxy),
};
