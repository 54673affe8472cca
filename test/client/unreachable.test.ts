import { afterEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { joinRoom, type HoldlineError, type JoinOptions, type Mailbox } from '../../src/client/index.ts';
import { cleanUp, onCleanUp } from '../support/clean-up.ts';
import { freePort } from '../support/free-port.ts';
import { closeServices, startService } from '../support/holdline.ts';
import { makeCertificate } from '../support/networks/certificate.ts';
import { ServerProcess, temporaryDatabase } from '../support/server-process.ts';
import { join, next, record } from './support/client.ts';
import { NO_IDLE_TIMEOUT } from '../support/no-idle-timeout.ts';

afterEach(cleanUp);
afterEach(closeServices);

/** Why joining fails at its first attempt. */
async function failureOf(options: Partial<JoinOptions>): Promise<HoldlineError> {
  const error = await joinRoom({ roomId: 'room', joinTimeoutMs: 1, ...options }).catch((thrown: unknown) => thrown);
  return error as HoldlineError;
}

async function listen(server: Server & { closeAllConnections(): void }): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onCleanUp(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

const serve = async (listener: RequestListener): Promise<string> =>
  `http://127.0.0.1:${await listen(createServer(NO_IDLE_TIMEOUT, listener))}`;

/** A reverse proxy. `intercept` answers in the server's place, or changes what goes on. @returns its URL */
function reverseProxy(target: string, intercept: (req: IncomingMessage, res: ServerResponse) => void): Promise<string> {
  return serve((req, res) => {
    intercept(req, res);
    if (res.writableEnded) return;
    const { method, headers, url = '/' } = req;
    const onward = request(new URL(url, target), { method, headers }, (reply) => {
      res.writeHead(reply.statusCode ?? 0, reply.headers);
      reply.pipe(res);
    });
    onward.on('error', () => res.destroy());
    res.on('close', () => onward.destroy());
    req.pipe(onward);
  });
}

function page(res: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  res.writeHead(status, { 'Content-Type': 'text/html', ...headers }).end('<h1>No</h1>');
}

describe('joining tells why it fails:', () => {
  test('a port where nothing listens', async () => {
    const baseUrl = `http://127.0.0.1:${await freePort()}`;
    const error = await failureOf({ baseUrl });
    expect(error).toMatchObject({ name: 'HoldlineError', code: 'network', cause: { message: 'fetch failed' } });
    expect(error.message).toContain(`joinRoom ${baseUrl}: fetch failed: connect ECONNREFUSED`);
  });

  test('a host name that is not known', async () => {
    const { message } = await failureOf({ baseUrl: 'http://no-such-host.invalid' });
    expect(message).toMatch(/^joinRoom http:\/\/no-such-host\.invalid: fetch failed: .*(ENOTFOUND|EAI_AGAIN)/);
  });

  test('a certificate that is not trusted', async () => {
    const { certificatePath, keyPath } = makeCertificate(['127.0.0.1']);
    const files = { cert: readFileSync(certificatePath), key: readFileSync(keyPath) };
    const baseUrl = `https://127.0.0.1:${await listen(createSecureServer(files))}`;
    expect((await failureOf({ baseUrl })).message).toContain('self-signed certificate');
  });

  test('another web server', async () => {
    const baseUrl = await serve((_req, res) => page(res, 404));
    const error = await failureOf({ baseUrl });
    expect(error.message).toBe(`joinRoom ${baseUrl}: answered with 404 text/html, not by Holdline`);
    expect(error.cause).toBeInstanceOf(Error);
  });

  test.each([
    ['127.0.0.1:8080'],
    ['localhost:8080'],
    ['signal.example.org'],
    [''],
    ['wss://signal.example.org'],
    ['http://exa mple.org'],
  ])('the base URL "%s", which no attempt can reach, at once', async (baseUrl) => {
    const retries: unknown[] = [];
    const error = await failureOf({ baseUrl, joinTimeoutMs: 600_000, onRetry: (retry) => retries.push(retry) });
    expect(error).toMatchObject({ code: 'network', cause: { name: 'TypeError' } });
    expect(error.message).toContain(`baseUrl "${baseUrl}"`);
    expect(retries).toEqual([]);
  });

  test('a token that no header can carry, without telling it', async () => {
    const { url } = await startService();
    const error = await failureOf({ baseUrl: url, accessToken: 'secret\njwt' });
    expect(error.code).toBe('network');
    expect(`${error.stack} ${String(error.cause)}`).not.toContain('secret');
  });

  test('a base URL with a password, without telling it', async () => {
    const error = await failureOf({ baseUrl: 'http://alice:secret@127.0.0.1:1' });
    expect(error.message).toMatch(/^joinRoom http:\/\/127\.0\.0\.1:1: /);
    expect(error.message).not.toContain('secret');
  });
});

describe('behind a proxy', () => {
  async function behind(intercept: Parameters<typeof reverseProxy>[1], options: Partial<JoinOptions> = {}) {
    const { url } = await startService();
    const baseUrl = await reverseProxy(url, intercept);
    const mailbox: Mailbox = await joinRoom({ baseUrl, roomId: 'room', ...options });
    onCleanUp(() => mailbox.close());
    const failing = next(mailbox, 'error');
    record(mailbox);
    return { mailbox, failing, url };
  }

  test('that asks for Basic authentication, a mailbox says that this takes the place of its token', async () => {
    const Authorization = `Basic ${btoa('u:p')}`;
    // A browser adds the password to whatever has no credential of its own.
    const asBrowser: JoinOptions['fetch'] = (url, init) =>
      fetch(url, { ...init, headers: { Authorization, ...init.headers } });
    const { mailbox, failing } = await behind(
      (req, res) => {
        if (req.headers.authorization !== Authorization)
          page(res, 401, { 'WWW-Authenticate': 'Basic realm="staging"' });
        else delete req.headers.authorization;
      },
      { fetch: asBrowser },
    );
    expect((await failing).message).toContain('answered with 401 text/html, not by Holdline, but by a login in front');
    expect(mailbox.state).toBe('reconnecting');
  });

  test('that removes `Authorization`, a mailbox ends and says so', async () => {
    const { url } = await startService();
    const baseUrl = await reverseProxy(url, ({ headers }) => delete headers.authorization);
    const mailbox = await joinRoom({ baseUrl, roomId: 'room' });
    const ending = next(mailbox, 'ended');
    record(mailbox);
    expect(await ending).toMatchObject({ reason: 'failed', error: { code: 'authorization-stripped' } });
  });

  test('that takes no body above 8 KiB, a larger message is rejected and told, and others still go out', async () => {
    const { mailbox, failing, url } = await behind((req, res) => {
      if (Number(req.headers['content-length'] ?? 0) <= 8_192) return;
      req.resume();
      page(res, 403);
    });
    const bob = await join(url, 'bob');
    const texts = ['before', 'x'.repeat(10_000), 'after'];
    const received = new Promise<unknown[]>((resolve) => {
      const payloads: unknown[] = [];
      bob.on('message', ({ type, payload }) => {
        if (type === 'custom') payloads.push(payload);
        if (payload === 'after') resolve(payloads);
      });
    });
    const sent = await Promise.allSettled(texts.map((payload) => mailbox.send({ type: 'custom', to: 'bob', payload })));
    expect(sent.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(sent[1]).toMatchObject({
      reason: { code: 'proxy-refused', message: expect.stringContaining('403 text/html') },
    });
    expect((await failing).message).toContain('sendMessages');
    expect(await received).toEqual(['before', 'after']);
  });
});

test('24 mailboxes of a server that is killed and started again on its port all come back', async () => {
  const env = { PORT: String(await freePort()), STORE_URL: temporaryDatabase() };
  const server = await ServerProcess.start({ env });
  const mailboxes = await Promise.all(
    Array.from({ length: 24 }, (_, index) =>
      joinRoom({ baseUrl: server.url, roomId: 'room', participantId: `client${index}` }),
    ),
  );
  onCleanUp(() => Promise.all(mailboxes.map((mailbox) => mailbox.close())));
  for (const mailbox of mailboxes) {
    // A busy machine may take longer to start a server than an outage goes unmentioned.
    mailbox.on('error', () => undefined);
    record(mailbox);
  }
  const lost = mailboxes.map((mailbox) => next(mailbox, 'state', (state) => state === 'reconnecting'));
  await server.kill();
  await Promise.all(lost);
  const back = mailboxes.map((mailbox) => next(mailbox, 'state', (state) => state === 'connected'));
  await ServerProcess.start({ env });
  await Promise.all(back);
  const heard = mailboxes.slice(1).map((mailbox) => next(mailbox, 'message', ({ payload }) => payload === 'hello'));
  await mailboxes[0]?.send({ type: 'custom', payload: 'hello' });
  await Promise.all(heard);
});
