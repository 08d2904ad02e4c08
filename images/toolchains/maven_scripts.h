// What a toolchain for Maven runs in its steps: scripts for /bin/sh.
//
// What Maven will download nobody can read from its files: plugins resolve more while they run (Surefire the
// provider of the test framework that it finds). So the person's own command is rehearsed: all its goals,
// with one empty test class in each module as the only test. With the manifests alone this fills the local
// repository; with the sources and without network it compiles them and shows whether anything is missing;
// and only when something is, it runs once more with network.
#pragma once

#include <string>

namespace images {

// Makes a JDK and Maven available where the base has none. Debian's own Maven is replaced by the same version
// of Apache's: its built-in default is a Surefire that runs no JUnit 5.
extern const char* const kMavenToolsScript;

// Each takes: the folder to start in, the program with its own words ("mvn", "sh ./mvnw"), goals and options.
std::string maven_manifests_script();  // in the dependencies layer, with network
std::string maven_sources_script();    // with the sources, without network
std::string maven_missing_script();    // after it, with network: ends at once if nothing is missing

// Takes the first two of these. Prints "maven==3.9.9", "java==21.0.13", all jars of the local repository as
// "group:artifact==version", and kMavenReadsArguments if this Maven does.
extern const char* const kMavenPackagesScript;
// MAVEN_ARGS is read (Maven 3.9 and later), or, by an older wrapper, MAVEN_CONFIG.
inline constexpr const char* kMavenReadsArguments = "maven.arguments==read";

// Where Apache Maven is put by kMavenToolsScript.
inline constexpr const char* kMavenFolder = "/opt/maven";

}  // namespace images
