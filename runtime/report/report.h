// Answers as JSON: the runner's, and a device's report.
#pragma once

#include <string>
#include <vector>

#include "../artifact/json.h"
#include "../model/session.h"
#include "edgekit/runtime.h"
#include "latency.h"

namespace edgekit {

// A JSON table under construction, or one inside it.
class Report {
 public:
  Report();

  Report table(const char* key);
  Report list(const char* key);
  Report entry();  // a table at the end of a list
  void text(const char* key, const std::string& value);  // a key that outlives the table
  void text(const std::string& key, const std::string& value);
  void number(const char* key, double value);
  void integer(const char* key, std::int64_t value);
  void truth(const char* key, bool value);
  void nothing(const char* key);
  void texts(const char* key, const std::vector<std::string>& values);
  void numbers(const char* key, const std::vector<std::int64_t>& values);
  void numbers(const char* key, const std::vector<double>& values);

  std::string json() const;

 private:
  Report(std::shared_ptr<yyjson_mut_doc> document, yyjson_mut_val* value)
      : document_(std::move(document)), value_(value) {}
  yyjson_mut_val* copied(const std::string& text);

  std::shared_ptr<yyjson_mut_doc> document_;
  yyjson_mut_val* value_;
};

void report_version(Report* report);
void report_machine(Report* report);
void report_model(const Session& session, Report* report);
void report_ranked(const char* key, const std::vector<Ranked>& classes, Report* report);
void report_latency(const Latency& latency, Report* report);
// What a latency consists of, into the table itself.
void report_times(const Latency& latency, Report* table);
void report_self_test(const SelfTest& result, Report* report);

}  // namespace edgekit
