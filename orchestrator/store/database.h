// The one SQLite database of a server: opened once, migrated, and locked by whoever uses it. Shared by the
// queue, the events and the history, each of which owns its tables.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

#include <mutex>
#include <optional>
#include <string>

namespace orchestrator {

class Database {
 public:
  // WAL, and every commit on disk before it returns. Throws io::HostError, also for a database of a later
  // version.
  explicit Database(const std::string& file);

  // Runs `fn(SQLite::Database&)` alone. What SQLite throws becomes an io::HostError.
  template <class Fn>
  auto with(Fn&& fn) {
    const std::lock_guard lock(mutex_);
    try {
      return fn(connection_);
    } catch (const SQLite::Exception& error) {
      throw_host_error(error);
    }
  }
  // The same within a transaction that is taken back when `fn` throws.
  template <class Fn>
  auto transact(Fn&& fn) {
    return with([&](SQLite::Database& connection) {
      SQLite::Transaction transaction(connection, SQLite::TransactionBehavior::IMMEDIATE);
      if constexpr (std::is_void_v<decltype(fn(connection))>) {
        fn(connection);
        transaction.commit();
      } else {
        auto result = fn(connection);
        transaction.commit();
        return result;
      }
    });
  }

  // Why nothing can be written just now: tried, with a commit.
  std::optional<std::string> obstacle();

 private:
  [[noreturn]] void throw_host_error(const SQLite::Exception& error) const;
  void migrate();

  std::string file_;
  std::mutex mutex_;
  SQLite::Database connection_;
};

}  // namespace orchestrator
