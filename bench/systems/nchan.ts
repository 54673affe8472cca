import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import type { Cuttable, HttpClient } from '../load/http-client.ts';
import { expectSuccess, headerOf } from '../load/reply.ts';
import { incoming, type Incoming, type Outgoing } from '../load/message.ts';
import type { Participant, ServerCommand, System } from './system.ts';

const NGINX = '/usr/sbin/nginx';
/** Its path in Debian's package libnginx-mod-nchan. */
const MODULE = '/usr/lib/nginx/modules/ngx_nchan_module.so';
const JSON_BODY = 'Content-Type: application/json\r\n';

export const nchan: System = {
  name: 'nchan',
  title: 'nginx + nchan (C)',
  transport: 'polls',
  keeps: 'in memory',
  version: () => spawnSync(NGINX, ['-v']).stderr.toString().trim().replace('nginx version: ', ''),
  missing: () => (existsSync(NGINX) && existsSync(MODULE) ? undefined : 'apt-get install nginx libnginx-mod-nchan'),
  serve,
  join: (http) => Promise.resolve(new NchanParticipant(http)),
};

function serve(port: number, directory: string): ServerCommand {
  const file = joinPath(directory, 'nginx.conf');
  writeFileSync(file, configuration(port, directory));
  return { command: [NGINX, '-p', directory, '-e', 'stderr', '-c', file] };
}

/** One worker on one core; a channel per participant; defaults wherever nginx has one. */
function configuration(port: number, directory: string): string {
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${directory};`,
  );
  return `
    ${user} daemon off; worker_processes 1; pid ${directory}/nginx.pid; error_log stderr error;
    load_module ${MODULE};
    worker_rlimit_nofile 20000;
    events { worker_connections 19000; }
    http {
      access_log off;
      ${temporary.join(' ')}
      server {
        listen 127.0.0.1:${port} backlog=4096;
        location /publish { nchan_publisher; nchan_channel_id $arg_id; }
        location /subscribe { nchan_subscriber longpoll; nchan_channel_id $arg_id; nchan_subscriber_timeout 25s; }
      }
    }`;
}

class NchanParticipant implements Participant {
  readonly id = randomUUID();
  readonly #http: HttpClient;
  /** The message id of nchan: the position from which the next poll reads. */
  #after = '';
  #poll: Cuttable | undefined;
  #left = false;

  constructor(http: HttpClient) {
    this.#http = http;
  }

  async send(to: string, message: Outgoing): Promise<void> {
    const body = JSON.stringify({ from: this.id, ...message });
    expectSuccess(await this.#http.request('POST', `/publish?id=${to}`, JSON_BODY, body));
  }

  async receive(): Promise<readonly Incoming[] | 'over'> {
    if (this.#left) return 'over';
    this.#poll = this.#http.cuttable('GET', `/subscribe?id=${this.id}`, this.#after);
    const reply = await this.#poll.reply;
    if (reply === undefined) return 'over';
    if (reply.status === 304 || reply.status === 408) return [];
    expectSuccess(reply);
    const modified = headerOf(reply, 'last-modified') ?? '';
    this.#after = `If-Modified-Since: ${modified}\r\nIf-None-Match: ${headerOf(reply, 'etag') ?? ''}\r\n`;
    return incoming([JSON.parse(reply.body)]);
  }

  leave(): Promise<void> {
    this.#left = true;
    this.#poll?.cut();
    return Promise.resolve();
  }
}
