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
    summary: 'What runs here',
    description: 'The name and version of the service, and where its description is.',
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
    summary: 'Is the process alive?',
    description: 'Green as long as the process answers, also while it shuts down. For liveness probes.',
    success: { status: 200, description: 'Alive.', schema: health, example: { status: 'ok' } },
  },
  getReadiness: {
    ...FOR_OPERATORS,
    path: '/readyz',
    summary: 'Are messages being delivered?',
    description:
      'The service sends itself a message, every three seconds at most: green when it was stored, delivered to a waiting poll and ' +
      'acknowledged within two. Red otherwise, when Redis may evict messages, and while the service shuts down. A full store ' +
      'stays green and says `"store": "full"`, since readers must be able to empty it. For load balancers and readiness probes.',
    success: { status: 200, description: 'Ready.', schema: readiness, example: { status: 'ready' } },
    problems: ['shutting-down', 'storage-unavailable'],
  },
  getMetrics: {
    ...FOR_OPERATORS,
    path: '/metrics',
    summary: 'Numbers for Prometheus',
    description: 'In the text format of Prometheus, version 0.0.4. On `ADMIN_PORT` when that is set.',
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
    summary: 'What happened in a room lately',
    description:
      'Who sent which type to whom and when, when that was first in a reply and acknowledged, which polls were held and how they ended; ' +
      'never payloads. The events come from the memory of this process, which does not know what other processes on the same ' +
      'Redis delivered. Only on `ADMIN_PORT`; without it there are no traces. For people; the command ' +
      '`holdline trace ROOM` prints it.',
    success: {
      status: 200,
      description: 'A line per event, oldest first.',
      mediaType: 'text/plain',
      schema: z.string().meta({ description: 'Text for people; its form may change.' }),
      example: 'room blue-door-4821, the last 1 events of this process, times in UTC, no payloads\n',
    },
    problems: ['not-found'],
  },
  getOpenapiYaml: {
    ...PUBLIC,
    path: '/openapi.yaml',
    summary: 'This description, as YAML',
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
    summary: 'This description, as JSON',
    description: 'OpenAPI 3.1.',
    success: { status: 200, description: 'The document.', schema: jsonDocument, example: { openapi: '3.1.0' } },
  },
  getOpenapi30Json: {
    ...PUBLIC,
    path: '/openapi-3.0.json',
    summary: 'This description, for older generators',
    description: 'OpenAPI 3.0.3: the same operations and schemas, for generators that do not read 3.1 yet.',
    success: { status: 200, description: 'The document.', schema: jsonDocument, example: { openapi: '3.0.3' } },
  },
  getDocsPage: {
    ...PUBLIC,
    path: '/docs',
    ignoresQuery: true,
    summary: 'This description, to read and to try',
    description: 'The reference of this interface, from which every operation can be called on this very server.',
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
    summary: 'A call to try',
    description:
      'Opened in two tabs or on two phones it makes a real audio, video and data call through this service alone, and shows the ' +
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
    summary: 'What a problem code means',
    description: 'The page to which `type` of a problem leads: what happened, and what to do about it.',
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
