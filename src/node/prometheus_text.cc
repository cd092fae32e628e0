#include "src/node/prometheus_text.h"

#include <utility>
#include <vector>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace satchel::node {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

/// Families as they are written down; a figure without labels is a family of one.
class Families {
public:
    void gauge(char const* name, char const* help, std::uint64_t value) {
        begin(name, help, MetricType::Gauge);
        add({}, value);
    }

    void counter(char const* name, char const* help, std::uint64_t value) {
        begin(name, help, MetricType::Counter);
        add({}, value);
    }

    void begin(char const* name, char const* help, MetricType type) {
        MetricFamily family;
        family.name = name;
        family.help = help;
        family.type = type;
        families_.push_back(std::move(family));
    }

    void add(std::vector<std::pair<std::string, std::string>> const& labels, std::uint64_t value) {
        ClientMetric metric;
        for (auto const& [name, text] : labels)
            metric.label.push_back({name, text});
        auto const number = static_cast<double>(value);
        metric.gauge.value = metric.counter.value = number;
        families_.back().metric.push_back(std::move(metric));
    }

    std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

private:
    std::vector<MetricFamily> families_;
};

std::uint64_t age(Metrics const& metrics, std::uint64_t since) {
    return since == 0 || since > metrics.now ? 0 : metrics.now - since;
}

void add_storage(Families& out, Metrics const& metrics) {
    out.gauge("satchel_storage_blobs", "Attachments stored here.", metrics.storage.blobs);
    out.gauge("satchel_storage_bytes", "Bytes stored here.", metrics.storage.held_bytes);
    out.gauge("satchel_storage_reserved_bytes", "Bytes promised to uploads under way.",
              metrics.storage.reserved_bytes);
    out.gauge("satchel_storage_quota_bytes", "node.quota.", metrics.quota);
}

void add_transfers(Families& out, Metrics const& metrics) {
    out.counter("satchel_sent_bytes_total", "Bytes of blobs that left.", metrics.sent_bytes);
    out.counter("satchel_received_bytes_total", "Bytes of blobs that came in and were verified.",
                metrics.received_bytes);
    out.counter("satchel_received_blobs_total", "Blobs that came in.", metrics.received_blobs);
    out.gauge("satchel_transfers_outgoing", "Offers under way now.", metrics.transfers_out);
    out.begin("satchel_attachments_total",
              "Attachments of mail and pushes, once for each recipient.", MetricType::Counter);
    out.add({{"outcome", "delivered"}}, metrics.deposits.delivered);
    out.add({{"outcome", "escrowed"}}, metrics.deposits.escrowed);
    out.add({{"outcome", "failed"}}, metrics.deposits.failed);
    out.counter("satchel_detached_bytes_total",
                "Content that mail servers were spared, once for each recipient; as base64 it "
                "would have been 1.37 times as much.",
                metrics.deposits.detached_bytes);
    out.begin("satchel_offers_refused_total", "Offers turned away, by code.", MetricType::Counter);
    for (auto const& [code, count] : metrics.refusals)
        out.add({{"code", code}}, count);
}

void add_escrow(Families& out, Metrics const& metrics) {
    if (!metrics.escrow) return;
    out.begin("satchel_escrow_attachments", "Kept for storages that are away.", MetricType::Gauge);
    out.add({{"state", "waiting"}}, metrics.escrow->waiting);
    out.add({{"state", "lacks_copies"}}, metrics.escrow->lacks_copies);
    out.gauge("satchel_escrow_bytes", "Bytes kept, each recipient's.", metrics.escrow->bytes);
    out.gauge("satchel_escrow_quota_bytes", "gateway.escrow_quota.", metrics.escrow_quota);
    out.gauge("satchel_escrow_recipients", "For how many.", metrics.escrow->recipients);
    out.gauge("satchel_escrow_oldest_seconds", "Since when the first of them waits.",
              age(metrics, metrics.escrow->oldest));
}

void add_dht(Families& out, Metrics const& metrics) {
    out.gauge("satchel_dht_joined", "1: well connected to the DHT.", metrics.dht.joined ? 1 : 0);
    out.gauge("satchel_dht_good_nodes", "Neighbours that answered lately.", metrics.dht.good_nodes);
    out.gauge("satchel_dht_known_nodes", "Neighbours in all.", metrics.dht.known_nodes);
    out.gauge("satchel_dht_stored_records", "Records kept for others.", metrics.dht.stored_values);
}

void add_queue(Families& out, Metrics const& metrics) {
    out.gauge("satchel_gateway_up", "1: a gateway runs in this home.", metrics.queue ? 1 : 0);
    if (!metrics.queue) return;
    out.gauge("satchel_queue_messages", "Messages in the spool.", metrics.queue->messages);
    out.begin("satchel_queue_recipients", "Recipients in the spool.", MetricType::Gauge);
    for (auto const& [state, figures] : metrics.queue->states)
        out.add({{"state", state}}, figures.recipients);
    out.begin("satchel_queue_oldest_seconds", "Age of the oldest message in a state.",
              MetricType::Gauge);
    for (auto const& [state, figures] : metrics.queue->states)
        out.add({{"state", state}}, age(metrics, figures.oldest));
}

void add_events(Families& out, Metrics const& metrics) {
    out.begin("satchel_events_total", "Events of the log, written or not.", MetricType::Counter);
    for (auto const& [event, count] : metrics.events)
        out.add({{"process", "node"}, {"event", event}}, count);
    if (!metrics.queue) return;
    for (auto const& [event, count] : metrics.queue->events)
        out.add({{"process", "gateway"}, {"event", event}}, count);
}

}  // namespace

std::string prometheus_text(Metrics const& metrics) {
    Families out;
    add_storage(out, metrics);
    add_transfers(out, metrics);
    add_escrow(out, metrics);
    add_dht(out, metrics);
    add_queue(out, metrics);
    add_events(out, metrics);
    return out.text();
}

}  // namespace satchel::node
