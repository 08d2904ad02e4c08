#include "images/toolchains/maven_scripts.h"

namespace images {

const char* const kMavenToolsScript = R"sh(
if ! command -v mvn >/dev/null || ! command -v java >/dev/null; then
  if command -v apt-get >/dev/null; then
    apt-get update
    apt-get install -y --no-install-recommends default-jdk-headless maven git ca-certificates
    rm -rf /var/lib/apt/lists/*
  elif command -v apk >/dev/null; then
    apk add --no-cache openjdk21-jdk maven git
  else
    echo 'this project needs a JDK and Maven, and the base image has neither them nor a package manager known here' >&2
    exit 1
  fi
fi
dpkg -s maven >/dev/null 2>&1 && [ "$(readlink -f "$(command -v mvn)")" = /usr/share/maven/bin/mvn ] || exit 0
cd /tmp
settings=/run/orchestrator/maven-settings.xml
[ -e "$settings" ] || { settings=/tmp/settings.xml && echo '<settings/>' >"$settings"; }
mvn -B -q -s "$settings" -Dsettings.security=/run/orchestrator/maven-settings-security.xml \
  -Dmaven.repo.local=/tmp/repository org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
  -Dartifact=org.apache.maven:apache-maven:3.9.9:tar.gz:bin -DoutputDirectory=/tmp/maven
sum=a555254d6b53d267965a3404ecb14e53c3827c09c3b94b5678835887ab404556bfaf78dcfe03ba76fa2508649dca8531c74bca4d5846513522404d48e8c4ac8b
echo "$sum  /tmp/maven/apache-maven-3.9.9-bin.tar.gz" | sha512sum -c
mkdir -p /opt/maven
tar -xzf /tmp/maven/apache-maven-3.9.9-bin.tar.gz -C /opt/maven --strip-components 1 --no-same-owner
rm -rf /tmp/maven /tmp/repository
)sh";

namespace {

// What the scripts below have in common: `place`, `rehearse`, `fail_for`, `with_network`, `clear_away`. Java
// asks the password file for its user.home, not HOME. An option of a test's name overrides which classes the
// project includes.
constexpr const char* kRehearsal = R"sh(
folder=$1 program=$2
shift 2
export HOME=/home/attempt
export MAVEN_USER_HOME=$HOME/.m2 MAVEN_OPTS="$MAVEN_OPTS -Duser.home=$HOME" MAVEN_CONFIG=
log=/tmp/rehearsal.log
threads=10

# A class without members, orchestrator.OrchestratorPlaceholderTest, of Java 8.
place() {
  find . -name pom.xml -not -path '*/src/*' | while read -r pom; do
    place=$(dirname "$pom")/target/test-classes/orchestrator
    mkdir -p "$place"
    printf '\312\376\272\276\0\0\0\064\0\005\01\0\050orchestrator/OrchestratorPlaceholderTest\07\0\01\01\0\020java/lang/Object\07\0\03\0\041\0\02\0\04\0\0\0\0\0\0\0\0' \
      >"$place/OrchestratorPlaceholderTest.class"
  done
}

rehearse() {
  $program "$@" -B -fn -Dtest=OrchestratorPlaceholderTest -Dit.test=OrchestratorPlaceholderTest \
    -DfailIfNoTests=false -DfailIfNoSpecifiedTests=false -Dsurefire.failIfNoSpecifiedTests=false \
    -Dit.failIfNoSpecifiedTests=false -Dfailsafe.failIfNoSpecifiedTests=false -Dmaven.test.failure.ignore=true \
    -Dmaven.clean.skip=true -Dmaven.install.skip=true -Dmaven.deploy.skip=true -Dmaven.artifact.threads=$threads \
    -Dorg.slf4j.simpleLogger.log.org.apache.maven.cli.transfer.Slf4jMavenTransferListener=warn 2>&1 | tee "$log"
}

# Since -fn lets every build succeed. $1: what Maven says of it, $2: what that means.
fail_for() {
  grep -q "ERROR.*\($1\)" "$log" || return 0
  echo "$2:"
  grep "ERROR.*\($1\)" "$log" | cut -c1-1000
  grep ERROR "$log" | grep -v "\[Help\|$1" | cut -c1-1000 | head -n 20
  exit 1
}

# From whom an artifact came and that it was looked for in vain is nothing that holds where there is no network;
# with the person's mirrors it came from another than the project names.
with_network() {
  settings=
  for each in /run/orchestrator/maven-settings.xml /root/.m2/settings.xml; do
    [ -n "$settings" ] || [ ! -e "$each" ] || settings=$each
  done
  [ -n "$settings" ] || { settings=/tmp/settings.xml && echo '<settings/>' >"$settings"; }
  # Maven 3.9 logs in to a proxy over one connection only: those that it opens beside it are refused with 407.
  if grep -q '<proxy>' "$settings" && grep -q '<username>' "$settings"; then threads=1; fi
  rehearse "$@" -s "$settings" -Dsettings.security=/run/orchestrator/maven-settings-security.xml
  repository=$HOME/.m2/repository
  mkdir -p "$repository"
  find "$repository" \( -name _remote.repositories -o -name '*.lastUpdated' -o -name resolver-status.properties \) \
    -exec rm -f {} +
  find "$repository" -name 'maven-metadata-*.xml' | while read -r file; do
    central=${file%/*}/maven-metadata-central.xml
    [ -e "$central" ] || cp "$file" "$central"
  done
  echo '<settings><offline>true</offline></settings>' >"$HOME/.m2/settings.xml"
  fail_for 'Could not transfer' 'Maven could not download all that it needs'
}

clear_away() {
  find /work -path '*/target/test-classes/orchestrator' -prune -exec rm -rf {} +
  find /work \( -path '*/target/surefire-reports' -o -path '*/target/failsafe-reports' \) -prune -exec rm -rf {} +
  find /work -depth -path '*/target*' -type d -empty -not -path '/work/.git/*' -delete
  find /work "$HOME" ! -user 10001 -exec chown -h 10001:10001 {} +
}
)sh";

}  // namespace

// Checks of style and the like need the sources: they are downloaded, but do nothing. Maven that cannot be
// started, or a wrapper that cannot fetch it, ends it all; what a wrapper fetches for itself stays in the
// tree.
std::string maven_manifests_script() {
  return std::string(kRehearsal) + R"sh(
mkdir -p "$folder"
cd "$folder"
$program --version
cp -R /work /tmp/rehearsal
cd "/tmp/rehearsal${PWD#/work}"
place
with_network "$@" -Denforcer.skip=true -Dcheckstyle.skip=true -Dpmd.skip=true -Dcpd.skip=true -Dspotbugs.skip=true \
  -Dfindbugs.skip=true -Drat.skip=true -Dlicense.skip=true -Dspotless.check.skip=true -Dspotless.apply.skip=true \
  -Danimal.sniffer.skip=true -Djapicmp.skip=true -Dforbiddenapis.skip=true -Dsortpom.skip=true -Dgpg.skip=true
cd /work
rm -rf /tmp/rehearsal
clear_away
)sh";
}

std::string maven_sources_script() {
  return std::string(kRehearsal) + R"sh(
cd "$folder"
place
rehearse "$@" -o
rm -f "$HOME/.m2/missing"
if grep -q 'offline mode\|is offline\|No plugin found for prefix\|No versions available' "$log"; then
  echo 'the manifests alone did not tell all that has to be downloaded: once more, with network'
  touch "$HOME/.m2/missing"
else
  fail_for 'The build could not read' 'Maven cannot read the project'
fi
clear_away
)sh";
}

std::string maven_missing_script() {
  return std::string(kRehearsal) + R"sh(
[ -e "$HOME/.m2/missing" ] || exit 0
rm "$HOME/.m2/missing"
cd "$folder"
place
with_network "$@"
fail_for 'Could not find artifact\|Failure to find\|was not found in' 'Maven does not find all that it needs'
fail_for 'The build could not read' 'Maven cannot read the project'
clear_away
)sh";
}

const char* const kMavenPackagesScript = R"sh(
cd "$1"
export MAVEN_USER_HOME=/home/attempt/.m2 MAVEN_CONFIG=
version() { sed -n 's/.*Apache Maven \([0-9][^ ]*\).*/maven==\1/p'; }
case $2 in
  sh*) told=$(MAVEN_ARGS=--version MAVEN_CONFIG=--version $2 2>/dev/null | version) ;;
  *) told=$(MAVEN_ARGS=--version $2 2>/dev/null | version) ;;
esac
if [ -n "$told" ]; then
  echo "$told"
  echo maven.arguments==read
else
  $2 --version 2>/dev/null | version
fi
java -version 2>&1 | sed -n 's/.* version "\(.*\)".*/java==\1/p'
cd /home/attempt/.m2/repository 2>/dev/null || exit 0
find . -name '*.jar' |
  awk -F/ '{ group = $2; for (i = 3; i <= NF - 3; ++i) group = group "." $i; print group ":" $(NF - 2) "==" $(NF - 1) }' |
  sort -u
)sh";

}  // namespace images
