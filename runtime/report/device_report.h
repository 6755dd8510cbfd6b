// A device's report: what it did with one photo, to be judged elsewhere.
#pragma once

#include <string>
#include <vector>

#include "../model/session.h"
#include "edgekit/runtime.h"

namespace edgekit {

constexpr int kReportSchema = 1;

// The names of its files; report.json, which is written last, is the last.
const std::vector<std::string>& report_files();

// As `report` in runtime.h says.
std::string write_report(Session* session, const Photo& photo, const std::string& folder, const ReportOptions& options);

}  // namespace edgekit
