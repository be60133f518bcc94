package spanledger.test;

import static org.elasticsearch.rest.RestRequest.Method.DELETE;
import static org.elasticsearch.rest.RestRequest.Method.GET;
import static org.elasticsearch.rest.RestRequest.Method.PUT;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.elasticsearch.ResourceAlreadyExistsException;
import org.elasticsearch.ResourceNotFoundException;
import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.admin.indices.create.AutoCreateAction;
import org.elasticsearch.action.admin.indices.create.CreateIndexRequest;
import org.elasticsearch.action.support.IndicesOptions;
import org.elasticsearch.action.support.master.AcknowledgedResponse;
import org.elasticsearch.client.internal.node.NodeClient;
import org.elasticsearch.cluster.AckedClusterStateUpdateTask;
import org.elasticsearch.cluster.ClusterState;
import org.elasticsearch.cluster.health.ClusterHealthStatus;
import org.elasticsearch.cluster.health.ClusterIndexHealth;
import org.elasticsearch.cluster.metadata.DataStream;
import org.elasticsearch.cluster.metadata.DataStreamLifecycle;
import org.elasticsearch.cluster.metadata.MetadataCreateDataStreamService;
import org.elasticsearch.cluster.metadata.MetadataDataStreamsService;
import org.elasticsearch.cluster.metadata.MetadataIndexTemplateService;
import org.elasticsearch.cluster.metadata.ProjectMetadata;
import org.elasticsearch.cluster.node.DiscoveryNodes;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.core.TimeValue;
import org.elasticsearch.features.NodeFeature;
import org.elasticsearch.index.Index;
import org.elasticsearch.index.IndexSettingProviders;
import org.elasticsearch.plugins.ActionPlugin;
import org.elasticsearch.plugins.Plugin;
import org.elasticsearch.rest.BaseRestHandler;
import org.elasticsearch.rest.RestChannel;
import org.elasticsearch.rest.RestHandler;
import org.elasticsearch.rest.RestRequest;
import org.elasticsearch.rest.RestResponse;
import org.elasticsearch.rest.RestStatus;
import org.elasticsearch.rest.action.RestToXContentListener;
import org.elasticsearch.xcontent.ToXContent;
import org.elasticsearch.xcontent.XContentBuilder;

/**
 * The _data_stream REST surface (create, get, delete, lifecycle) over the data stream code that the
 * Elasticsearch server jar itself carries; this distribution lacks the module that normally serves it.
 * Single node only: state updates are submitted on the node that gets the request. Retention is stored
 * and reported, not carried out.
 */
public class DataStreamsRestPlugin extends Plugin implements ActionPlugin {
  private static final TimeValue TIMEOUT = TimeValue.timeValueSeconds(30);
  private PluginServices s;
  private MetadataDataStreamsService streams;

  @Override
  public Collection<?> createComponents(PluginServices services) {
    s = services;
    streams = new MetadataDataStreamsService(services.clusterService(), services.indicesService(),
        services.dataStreamGlobalRetentionSettings(), new IndexSettingProviders(Set.of()));
    return List.of();
  }

  @Override
  public Collection<RestHandler> getRestHandlers(RestHandlersServices r, Supplier<DiscoveryNodes> n, Predicate<NodeFeature> f) {
    return List.of(
        new H("test_data_stream_create", List.of(new RestHandler.Route(PUT, "/_data_stream/{name}")), this::create),
        new H("test_data_stream_get", List.of(new RestHandler.Route(GET, "/_data_stream"), new RestHandler.Route(GET, "/_data_stream/{name}")), this::get),
        new H("test_data_stream_delete", List.of(new RestHandler.Route(DELETE, "/_data_stream/{name}")), this::delete),
        new H("test_data_stream_lc_put", List.of(new RestHandler.Route(PUT, "/_data_stream/{name}/_lifecycle")), this::putLifecycle),
        new H("test_data_stream_lc_get", List.of(new RestHandler.Route(GET, "/_data_stream/{name}/_lifecycle")), this::getLifecycle),
        new H("test_data_stream_lc_delete", List.of(new RestHandler.Route(DELETE, "/_data_stream/{name}/_lifecycle")), this::deleteLifecycle));
  }

  private interface Reply { void to(RestChannel ch) throws Exception; }

  private interface Body { Reply on(RestRequest q, NodeClient c) throws IOException; }

  private static final class H extends BaseRestHandler {
    private final String name; private final List<Route> routes; private final Body body;
    H(String name, List<Route> routes, Body body) { this.name = name; this.routes = routes; this.body = body; }
    @Override public String getName() { return name; }
    @Override public List<Route> routes() { return routes; }
    @Override protected RestChannelConsumer prepareRequest(RestRequest q, NodeClient c) throws IOException {
      for (String p : List.of("master_timeout", "timeout", "include_defaults", "verbose")) q.param(p);
      Reply r = body.on(q, c);
      return r::to;
    }
  }

  private ClusterState state() { return s.clusterService().state(); }
  private ProjectMetadata project() { return s.projectResolver().getProjectMetadata(state()); }

  private List<String> names(RestRequest q, ProjectMetadata p) {
    String[] asked = q.hasParam("name") ? q.param("name").split(",") : new String[] { "*" };
    IndicesOptions o = IndicesOptions.fromRequest(q, IndicesOptions.strictExpand());
    return s.indexNameExpressionResolver().dataStreamNames(p, o, asked);
  }

  private Reply create(RestRequest q, NodeClient c) {
    String name = q.param("name");
    return ch -> {
      ProjectMetadata p = project();
      if (p.dataStreams().containsKey(name)) throw new ResourceAlreadyExistsException("data_stream [" + name + "] already exists");
      MetadataCreateDataStreamService.lookupTemplateForDataStream(name, p); // throws when no data stream template matches
      RestToXContentListener<AcknowledgedResponse> l = new RestToXContentListener<>(ch);
      c.execute(AutoCreateAction.INSTANCE, new CreateIndexRequest(name),
          ActionListener.wrap(r -> l.onResponse(AcknowledgedResponse.of(r.isAcknowledged())), l::onFailure));
    };
  }

  private Reply get(RestRequest q, NodeClient c) throws IOException {
    ClusterState st = state(); ProjectMetadata p = s.projectResolver().getProjectMetadata(st);
    List<String> names = names(q, p);
    return ch -> {
      XContentBuilder b = ch.newBuilder().startObject().startArray("data_streams");
      for (String n : names) {
        DataStream d = p.dataStreams().get(n);
        boolean managed = d.getDataLifecycle() != null && d.getDataLifecycle().enabled();
        String by = managed ? "Data stream lifecycle" : "Unmanaged";
        ClusterHealthStatus status = ClusterHealthStatus.GREEN;
        b.startObject().field("name", n).startObject("timestamp_field").field("name", "@timestamp").endObject().startArray("indices");
        for (Index i : d.getIndices()) {
          ClusterHealthStatus h = new ClusterIndexHealth(p.index(i), st.routingTable(p.id()).index(i)).getStatus();
          if (h.value() > status.value()) status = h;
          b.startObject().field("index_name", i.getName()).field("index_uuid", i.getUUID()).field("prefer_ilm", true).field("managed_by", by).endObject();
        }
        b.endArray().field("generation", d.getGeneration()).field("status", status.name())
            .field("template", MetadataIndexTemplateService.findV2Template(p, n, d.isHidden()));
        if (d.getDataLifecycle() != null) { b.field("lifecycle"); d.getDataLifecycle().toXContent(b, ToXContent.EMPTY_PARAMS); }
        b.field("next_generation_managed_by", by).field("prefer_ilm", true).field("hidden", d.isHidden()).field("system", d.isSystem())
            .field("allow_custom_routing", d.isAllowCustomRouting()).field("replicated", d.isReplicated())
            .field("rollover_on_write", d.rolloverOnWrite()).endObject();
      }
      ch.sendResponse(new RestResponse(RestStatus.OK, b.endArray().endObject()));
    };
  }

  private Reply delete(RestRequest q, NodeClient c) {
    String asked = q.param("name");
    List<String> names = names(q, project());
    return ch -> {
      RestToXContentListener<AcknowledgedResponse> l = new RestToXContentListener<>(ch);
      if (names.isEmpty()) {
        if (asked.contains("*") == false) throw new ResourceNotFoundException("data streams [" + asked + "] not found");
        l.onResponse(AcknowledgedResponse.TRUE);
        return;
      }
      s.clusterService().submitUnbatchedStateUpdateTask("remove-data-stream " + names, new AckedClusterStateUpdateTask(TIMEOUT, TIMEOUT, l) {
        @Override public ClusterState execute(ClusterState cur) {
          var ps = s.projectResolver().getProjectState(cur);
          Set<DataStream> gone = new HashSet<>();
          for (String n : names) { DataStream d = ps.metadata().dataStreams().get(n); if (d != null) gone.add(d); }
          return gone.isEmpty() ? cur : MetadataDataStreamsService.deleteDataStreams(ps, gone, Settings.EMPTY);
        }
      });
    };
  }

  private Reply putLifecycle(RestRequest q, NodeClient c) throws IOException {
    ProjectMetadata p = project(); List<String> names = names(q, p);
    Map<String, Object> body = q.hasContent() ? q.contentParser().map() : Map.of();
    var b = DataStreamLifecycle.dataLifecycleBuilder();
    for (var e : body.entrySet()) {
      switch (e.getKey()) {
        case "enabled" -> b.enabled(Boolean.parseBoolean(String.valueOf(e.getValue())));
        case "data_retention" -> b.dataRetention(e.getValue() == null ? null : TimeValue.parseTimeValue(e.getValue().toString(), "data_retention"));
        default -> throw new IllegalArgumentException("unknown lifecycle field [" + e.getKey() + "]");
      }
    }
    DataStreamLifecycle lc = b.build();
    return ch -> streams.setLifecycle(p.id(), names, lc, TIMEOUT, TIMEOUT, new RestToXContentListener<>(ch));
  }

  private Reply getLifecycle(RestRequest q, NodeClient c) throws IOException {
    ProjectMetadata p = project(); List<String> names = new ArrayList<>(names(q, p));
    return ch -> {
      XContentBuilder b = ch.newBuilder().startObject().startArray("data_streams");
      for (String n : names) {
        b.startObject().field("name", n);
        DataStreamLifecycle lc = p.dataStreams().get(n).getDataLifecycle();
        if (lc != null) { b.field("lifecycle"); lc.toXContent(b, ToXContent.EMPTY_PARAMS); }
        b.endObject();
      }
      ch.sendResponse(new RestResponse(RestStatus.OK, b.endArray().endObject()));
    };
  }

  private Reply deleteLifecycle(RestRequest q, NodeClient c) {
    ProjectMetadata p = project(); List<String> names = names(q, p);
    return ch -> streams.removeLifecycle(p.id(), names, TIMEOUT, TIMEOUT, new RestToXContentListener<>(ch));
  }
}
