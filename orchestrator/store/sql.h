// The few shapes that questions to the database have. Values are bound in the order of their numbers.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <cstdint>
#include <string>
#include <vector>

namespace orchestrator::sql {

template <class... Values>
void bind_all(SQLite::Statement& statement, const Values&... values) {
  int index = 0;
  (statement.bind(++index, values), ...);
}

// Returns how many rows were changed.
template <class... Values>
int change(SQLite::Database& connection, const std::string& text, const Values&... values) {
  SQLite::Statement statement(connection, text);
  bind_all(statement, values...);
  return statement.exec();
}

// What `read` makes of each row.
template <class Read, class... Values>
auto rows_of(SQLite::Database& connection, Read&& read, const std::string& text, const Values&... values) {
  SQLite::Statement statement(connection, text);
  bind_all(statement, values...);
  std::vector<decltype(read(statement))> rows;
  while (statement.executeStep()) rows.push_back(read(statement));
  return rows;
}

// The first column of each row.
template <class... Values>
std::vector<std::string> texts_of(SQLite::Database& connection, const std::string& text,
                                  const Values&... values) {
  return rows_of(
      connection, [](SQLite::Statement& row) { return row.getColumn(0).getString(); }, text, values...);
}

// The first column of the first row; 0 where there is none.
template <class... Values>
std::int64_t number_of(SQLite::Database& connection, const std::string& text, const Values&... values) {
  SQLite::Statement statement(connection, text);
  bind_all(statement, values...);
  return statement.executeStep() ? statement.getColumn(0).getInt64() : 0;
}

}  // namespace orchestrator::sql
