import { randomBytes } from 'node:crypto';
import { type Attributes, SpanKind } from '@opentelemetry/api';
import { readableSpan, resourceOf, toProtobuf } from '../../support/exporter/spans.ts';
import type { CapturedRequest } from './captured-requests.ts';

const TRACES = 128;
const PEOPLE = 40;

/** What an agent in a JVM in a Kubernetes cluster at a cloud provider says of where it runs: 40 attributes. */
const RESOURCE: Attributes = {
  'service.name': 'orders',
  'service.namespace': 'shop',
  'service.version': '4.11.2-3f9c1ab',
  'service.instance.id': '5f3c6a0e-6a3f-4a53-9a3c-1c64bde1a001',
  'deployment.environment.name': 'production',
  'telemetry.sdk.name': 'opentelemetry',
  'telemetry.sdk.language': 'java',
  'telemetry.sdk.version': '1.55.0',
  'telemetry.distro.name': 'opentelemetry-java-instrumentation',
  'telemetry.distro.version': '2.21.0',
  'process.pid': 1,
  'process.executable.path': '/opt/java/openjdk/bin/java',
  'process.command_args': [
    '/opt/java/openjdk/bin/java',
    '-javaagent:/otel/agent.jar',
    '-XX:MaxRAMPercentage=75',
    '-jar',
    '/app/orders.jar',
  ],
  'process.runtime.name': 'OpenJDK Runtime Environment',
  'process.runtime.version': '21.0.9+10-LTS',
  'process.runtime.description': 'Eclipse Adoptium OpenJDK 64-Bit Server VM 21.0.9+10-LTS',
  'os.type': 'linux',
  'os.description': 'Linux 6.1.0-40-amd64',
  'os.version': '6.1.0-40-amd64',
  'host.name': 'orders-7d9f8b6c5d-x2x7k',
  'host.id': 'i-0a1b2c3d4e5f60718',
  'host.type': 'm7i.xlarge',
  'host.arch': 'amd64',
  'host.image.id': 'ami-0123456789abcdef0',
  'container.id': 'f3b1c0a5d7e94d0c8a6b2f4e1d3c5b7a9f8e6d4c2b0a1f3e5d7c9b8a6f4e2d0c',
  'container.name': 'orders',
  'container.image.name': 'registry.example/shop/orders',
  'container.image.tags': ['4.11.2', 'stable'],
  'k8s.cluster.name': 'production-1',
  'k8s.namespace.name': 'shop',
  'k8s.node.name': 'ip-10-0-12-7.eu-central-1.compute.internal',
  'k8s.pod.name': 'orders-7d9f8b6c5d-x2x7k',
  'k8s.pod.uid': '0b1f6f1e-6a39-4f8e-8f31-2f0a9b7f6c11',
  'k8s.pod.start_time': '2026-11-20T08:12:44Z',
  'k8s.deployment.name': 'orders',
  'k8s.replicaset.name': 'orders-7d9f8b6c5d',
  'cloud.provider': 'aws',
  'cloud.platform': 'aws_eks',
  'cloud.region': 'eu-central-1',
  'cloud.availability_zone': 'eu-central-1b',
};

/** A request as OpenTelemetry's Java agent sends it: four spans a trace, which nobody numbered, and a large resource. */
export function makeJavaRequest(): CapturedRequest {
  const resource = resourceOf(RESOURCE);
  const spans = Array.from({ length: TRACES }, (_, i) => {
    const traceId = randomBytes(16).toString('hex');
    const server = randomBytes(8).toString('hex');
    const controller = randomBytes(8).toString('hex');
    const thread = { 'thread.id': 40 + (i % 10), 'thread.name': `http-nio-8080-exec-${i % 10}` };
    const statement = {
      ...thread,
      'db.system.name': 'postgresql',
      'db.namespace': 'orders',
      'server.address': 'orders-db.shop.svc',
      'server.port': 5432,
    };
    const inside = { traceId, parentSpanId: controller };
    return [
      readableSpan(
        {
          ...inside,
          name: 'SELECT orders.positions',
          kind: SpanKind.CLIENT,
          attributes: {
            ...statement,
            'db.operation.name': 'SELECT',
            'db.collection.name': 'positions',
            'db.query.text': 'select p.id, p.item, p.amount from positions p where p.order_id = ?',
          },
        },
        resource,
      ),
      readableSpan({ ...inside, name: 'OrderRepository.findById', attributes: thread }, resource),
      readableSpan(
        {
          traceId,
          spanId: controller,
          parentSpanId: server,
          name: 'OrderController.find',
          kind: SpanKind.INTERNAL,
          attributes: { ...thread, 'code.function.name': 'com.example.shop.OrderController.find' },
        },
        resource,
      ),
      readableSpan(
        {
          traceId,
          spanId: server,
          name: 'GET /orders/{id}',
          attributes: {
            ...thread,
            'http.request.method': 'GET',
            'http.route': '/orders/{id}',
            'http.response.status_code': i % 20 === 0 ? 404 : 200,
            'url.scheme': 'https',
            'url.path': `/orders/${i}`,
            'server.address': 'shop.example',
            'server.port': 443,
            'client.address': `203.0.113.${i % 50}`,
            'network.peer.address': '10.0.7.12',
            'network.peer.port': 40_000 + i,
            'network.protocol.version': '1.1',
            'user_agent.original': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
            'enduser.id': `user-${i % PEOPLE}`,
          },
        },
        resource,
      ),
    ];
  });
  return { name: 'Java agent', bytes: Buffer.from(toProtobuf(spans.flat())) };
}
