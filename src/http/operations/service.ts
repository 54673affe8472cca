import { z } from 'zod';
import { health, readiness, serviceInfo } from '../../wire/index.ts';
import type { Operation } from './operation.ts';

const yamlDocument = z.string().meta({ description: 'This document.' });
const jsonDocument = z.looseObject({}).meta({ description: 'This document.' });
const page = z.string().meta({ description: 'A page for people.' });

const PUBLIC = { method: 'GET', tag: 'operations', audience: 'public', security: 'public' } as const;
const FOR_OPERATORS = { ...PUBLIC, audience: 'operators' } as const;

export const serviceOperations = {
  getServiceInfo: {
    ...PUBLIC,
    path: '/',
    summary: 'Get the name and version',
    description: 'Returns the name and version of the service, and the paths of its documentation.',
    success: {
      status: 200,
      description: 'The service.',
      schema: serviceInfo,
      example: { name: 'holdline', version: '0.1.0', docs: '/docs', openapi: '/openapi.yaml' },
    },
  },
  getHealth: {
    ...FOR_OPERATORS,
    path: '/healthz',
    summary: 'Check that the process is alive',
    description: 'Succeeds as long as the process responds, even while it shuts down. For liveness probes.',
    success: { status: 200, description: 'The process is alive.', schema: health, example: { status: 'ok' } },
  },
  getReadiness: {
    ...FOR_OPERATORS,
    path: '/readyz',
    summary: 'Check that messages are delivered',
    description:
      'The service sends itself a message, at most every three seconds. The check succeeds when that message was stored, delivered to a ' +
      'held poll and acknowledged within two seconds. It fails otherwise, when Redis may evict messages, and while the service shuts ' +
      'down. It succeeds with `"store": "full"` when the store is full, since clients must be able to read and so empty it. For load ' +
      'balancers and readiness probes.',
    success: { status: 200, description: 'The service is ready.', schema: readiness, example: { status: 'ready' } },
    problems: ['shutting-down', 'storage-unavailable'],
  },
  getMetrics: {
    ...FOR_OPERATORS,
    path: '/metrics',
    summary: 'Get metrics for Prometheus',
    description:
      'Returns metrics in the text format of Prometheus, version 0.0.4. Served on `ADMIN_PORT` when that is set.',
    success: {
      status: 200,
      description: 'The metrics.',
      mediaType: 'text/plain',
      schema: z.string().meta({ description: 'One line per series.' }),
      example: '# TYPE holdline_held_polls gauge\nholdline_held_polls 12\n',
    },
  },
  traceRoom: {
    ...PUBLIC,
    audience: 'admin-port',
    path: '/trace/{roomId}',
    summary: 'Trace a room',
    description:
      'Shows recent events of a room: the sender, recipient, type and time of each message, when it was first returned and acknowledged, ' +
      'which polls were held and how they ended; never payloads. The events come from the memory of this process, which does not know ' +
      'what other processes on the same Redis delivered. Served only on `ADMIN_PORT`. The command `holdline trace ROOM` prints it.',
    success: {
      status: 200,
      description: 'One line per event, oldest first.',
      mediaType: 'text/plain',
      schema: z.string().meta({ description: 'Text for people; its format may change.' }),
      example: 'room blue-door-4821, the last 1 events of this process, times in UTC, no payloads\n',
    },
    problems: ['not-found'],
  },
  getOpenapiYaml: {
    ...PUBLIC,
    path: '/openapi.yaml',
    summary: 'Get the OpenAPI document as YAML',
    description: 'OpenAPI 3.1.',
    success: {
      status: 200,
      description: 'The document.',
      mediaType: 'application/yaml',
      schema: yamlDocument,
      example: 'openapi: 3.1.0\n',
    },
  },
  getOpenapiJson: {
    ...PUBLIC,
    path: '/openapi.json',
    summary: 'Get the OpenAPI document as JSON',
    description: 'OpenAPI 3.1.',
    success: { status: 200, description: 'The document.', schema: jsonDocument, example: { openapi: '3.1.0' } },
  },
  getOpenapi30Json: {
    ...PUBLIC,
    path: '/openapi-3.0.json',
    summary: 'Get the OpenAPI document for older generators',
    description: 'OpenAPI 3.0.3, with the same operations and schemas, for generators that do not read 3.1.',
    success: { status: 200, description: 'The document.', schema: jsonDocument, example: { openapi: '3.0.3' } },
  },
  getDocsPage: {
    ...PUBLIC,
    path: '/docs',
    ignoresQuery: true,
    summary: 'Open the reference',
    description: 'The reference of this API, in which each operation can be tried on this server.',
    success: {
      status: 200,
      description: 'The page.',
      mediaType: 'text/html',
      schema: page,
      example: '<!doctype html><title>Holdline API</title>',
    },
  },
  getDemoPage: {
    ...PUBLIC,
    path: '/demo',
    ignoresQuery: true,
    summary: 'Open the demo call',
    description:
      'Opened in two tabs or on two phones, the page makes a real audio, video and data call through this service, and shows the ' +
      'signalling as it happens. 404 with `DEMO=off`.',
    success: {
      status: 200,
      description: 'The page.',
      mediaType: 'text/html',
      schema: page,
      example: '<!doctype html><title>Holdline call</title>',
    },
    problems: ['not-found'],
  },
  getProblemPage: {
    ...PUBLIC,
    audience: ['public', 'operators'],
    path: '/problems/{code}',
    summary: 'Explain a problem code',
    description: 'The page that `type` of a problem refers to: what happened, and what to do about it.',
    success: {
      status: 200,
      description: 'The explanation.',
      mediaType: 'text/html',
      schema: page,
      example: '<!doctype html><title>room-full</title>',
    },
    problems: ['not-found'],
  },
} as const satisfies Record<string, Operation>;
