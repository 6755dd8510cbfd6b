#include "report.h"

#include <ctime>

#include "../artifact/wording.h"
#include "machine.h"

namespace edgekit {

Report::Report()
    : document_(yyjson_mut_doc_new(nullptr), [](yyjson_mut_doc* document) { yyjson_mut_doc_free(document); }),
      value_(yyjson_mut_obj(document_.get())) {
  yyjson_mut_doc_set_root(document_.get(), value_);
}

// The writer refuses text that is not UTF-8, and a label may be a stranger's.
yyjson_mut_val* Report::copied(const std::string& text) {
  const std::string shown = harmless(text, 4000);
  return yyjson_mut_strncpy(document_.get(), shown.data(), shown.size());
}

Report Report::table(const char* key) {
  return Report(document_, yyjson_mut_obj_add_obj(document_.get(), value_, key));
}

Report Report::list(const char* key) {
  return Report(document_, yyjson_mut_obj_add_arr(document_.get(), value_, key));
}

Report Report::entry() { return Report(document_, yyjson_mut_arr_add_obj(document_.get(), value_)); }

void Report::text(const char* key, const std::string& value) {
  yyjson_mut_obj_add_val(document_.get(), value_, key, copied(value));
}

void Report::text(const std::string& key, const std::string& value) {
  yyjson_mut_obj_add(value_, copied(key), copied(value));
}

void Report::number(const char* key, double value) { yyjson_mut_obj_add_real(document_.get(), value_, key, value); }

void Report::integer(const char* key, std::int64_t value) {
  yyjson_mut_obj_add_sint(document_.get(), value_, key, value);
}

void Report::truth(const char* key, bool value) { yyjson_mut_obj_add_bool(document_.get(), value_, key, value); }

void Report::nothing(const char* key) { yyjson_mut_obj_add_null(document_.get(), value_, key); }

void Report::texts(const char* key, const std::vector<std::string>& values) {
  yyjson_mut_val* list = yyjson_mut_obj_add_arr(document_.get(), value_, key);
  for (const std::string& value : values) yyjson_mut_arr_append(list, copied(value));
}

void Report::numbers(const char* key, const std::vector<std::int64_t>& values) {
  yyjson_mut_val* list = yyjson_mut_obj_add_arr(document_.get(), value_, key);
  for (const std::int64_t value : values) yyjson_mut_arr_add_sint(document_.get(), list, value);
}

void Report::numbers(const char* key, const std::vector<double>& values) {
  yyjson_mut_val* list = yyjson_mut_obj_add_arr(document_.get(), value_, key);
  for (const double value : values) yyjson_mut_arr_add_real(document_.get(), list, value);
}

std::string Report::json() const {
  std::size_t length = 0;
  const yyjson_write_flag flags = YYJSON_WRITE_PRETTY_TWO_SPACES | YYJSON_WRITE_INF_AND_NAN_AS_NULL;
  char* text = yyjson_mut_write(document_.get(), flags, &length);
  std::string copy = text ? std::string(text, length) : std::string("{\"error\": \"there is not enough memory\"}");
  std::free(text);
  return copy;
}

void report_version(Report* report) {
  const Version found = version();
  report->text("edgekit", found.edgekit);
  report->text("backend", found.backend);
  report->text("backend_version", found.backend_version);
  report->text("compiler", found.compiler);
  report->text("architecture", found.architecture);
}

void report_machine(Report* report) {
  Report cpu = report->table("cpu");
  cpu.text("architecture", version().architecture);
  cpu.integer("count", cpu_count());
  cpu.texts("features", cpu_features());
  Report memory = report->table("memory");
  if (const std::uint64_t bytes = peak_memory()) {
    memory.integer("peak_bytes", static_cast<std::int64_t>(bytes));
  } else {
    memory.nothing("peak_bytes");
  }
  Report tools = report->table("version");
  report_version(&tools);
}

void report_model(const Session& session, Report* report) {
  report->text("artifact", session.artifact().folder);
  report->text("model", session.manifest().model);
  report->text("target", session.manifest().target);
  report->text("precision", session.precision());
  report->integer("threads", session.threads());
}

void report_ranked(const char* key, const std::vector<Ranked>& classes, Report* report) {
  Report list = report->list(key);
  for (const Ranked& one : classes) {
    Report entry = list.entry();
    entry.integer("index", one.index);
    if (one.name.empty()) {
      entry.nothing("label");
    } else {
      entry.text("label", one.name);
    }
    entry.number("probability", one.probability);
  }
}

void report_latency(const Latency& latency, Report* report) {
  Report table = report->table("latency");
  report_times(latency, &table);
}

void report_times(const Latency& latency, Report* table) {
  table->number("p50_ms", latency.p50);
  table->number("p95_ms", latency.p95);
  table->number("min_ms", latency.least);
  table->integer("repeats", static_cast<std::int64_t>(latency.repeats));
  table->integer("measured", static_cast<std::int64_t>(std::time(nullptr)));
  if (latency.blocks.empty()) return;
  table->number("seconds", latency.seconds);
  table->numbers("blocks_ms", latency.blocks);
  table->numbers("minutes_ms", latency.minutes);
  table->numbers("clocks_khz", latency.clocks);
  table->number("clock_seconds", latency.clock_seconds);
}

void report_self_test(const SelfTest& result, Report* report) {
  report->truth("passed", result.passed);
  Report stages = report->list("stages");
  for (const Stage& stage : result.stages) {
    Report entry = stages.entry();
    entry.text("stage", stage.name);
    entry.text("status", stage.status);
    if (stage.status != "not compared") {
      entry.number("figure", stage.figure);
      entry.number("limit", stage.limit);
    }
    entry.text("detail", stage.detail);
  }
}

}  // namespace edgekit
