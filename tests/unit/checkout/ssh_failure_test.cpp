// What OpenSSH 9.2 writes at -v, shortened to what matters, and what a person is told.
#include "images/checkout/ssh_failure.h"

#include <gtest/gtest.h>

namespace images::checkout {
namespace {

using Kind = SshFailure::Kind;

const SshUrl kUrl = parse_ssh("ssh://git@127.0.0.1:2222/srv/project.git");
const std::string kConnected =
    "debug1: Connecting to 127.0.0.1 [127.0.0.1] port 2222.\r\n"
    "debug1: Server host key: ssh-ed25519 SHA256:cZ9m\r\n";
const std::string kKnown = kConnected + "debug1: Host '[127.0.0.1]:2222' is known and matches.\r\n";

SshFailure told(const std::string& log, const std::string& errors = "", int exit_code = 255) {
  return explain(kUrl, {log, errors, exit_code}, "~/.ssh/known_hosts");
}

TEST(SshFailure, OfAnUnknownHostSaysHowToAddIt) {
  const SshFailure failure = told(kConnected +
                                  "No ED25519 host key is known for [127.0.0.1]:2222 and you have requested "
                                  "strict checking.\r\nHost key verification failed.\r\n");
  EXPECT_EQ(failure.kind, Kind::host);
  EXPECT_EQ(
      failure.sentence,
      "the host key of 127.0.0.1 (ssh-ed25519 SHA256:cZ9m) is not known; compare it with what that host "
      "publishes, then add it: ssh-keyscan -p 2222 127.0.0.1 >> ~/.ssh/known_hosts");
}

TEST(SshFailure, OfAChangedHostKeySaysWhichLine) {
  const SshFailure failure =
      told(kConnected +
           "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\n"
           "Offending ED25519 key in /home/me/.ssh/known_hosts:7\r\n"
           "Host key for [127.0.0.1]:2222 has changed and you have requested strict checking.\r\n"
           "Host key verification failed.\r\n");
  EXPECT_EQ(failure.kind, Kind::host);
  EXPECT_EQ(
      failure.sentence.find("the host key of 127.0.0.1 (ssh-ed25519 SHA256:cZ9m) is not the one that is "
                            "known (/home/me/.ssh/known_hosts:7): somebody may be in between"),
      0u)
      << failure.sentence;
}

TEST(SshFailure, OfAHostOnTheWayIsToldByItsStderr) {
  const SshFailure failure =
      told("debug1: Executing proxy command\r\nConnection closed by UNKNOWN port 65535\r\n",
           "Host key verification failed.\r\n");
  EXPECT_EQ(failure.kind, Kind::host);
  EXPECT_NE(failure.sentence.find("a host on the way to 127.0.0.1"), std::string::npos) << failure.sentence;
}

TEST(SshFailure, OfRefusedKeysListsThem) {
  const SshFailure failure =
      told(kKnown +
           "debug1: get_agent_identities: agent returned 1 keys\r\n"
           "debug1: Offering public key: me@host RSA SHA256:3Ve4 agent\r\n"
           "debug1: Offering public key: /home/me/.ssh/id_ed25519 ED25519 SHA256:RrMz explicit\r\n"
           "debug1: Offering public key: /home/me/.ssh/id_ed25519 ED25519 SHA256:RrMz explicit\r\n"
           "git@127.0.0.1: Permission denied (publickey).\r\n");
  EXPECT_EQ(failure.kind, Kind::host);
  EXPECT_EQ(failure.sentence,
            "127.0.0.1 accepts none of the keys that were offered: me@host RSA SHA256:3Ve4 (agent), "
            "/home/me/.ssh/id_ed25519 ED25519 SHA256:RrMz; add the public key to your account there, or name "
            "another by --ssh-key");
}

TEST(SshFailure, WithoutAKeySaysThatThereIsNoAgent) {
  const SshFailure failure = told(kKnown +
                                  "debug1: Trying private key: /home/me/.ssh/id_rsa\r\n"
                                  "git@127.0.0.1: Permission denied (publickey,password).\r\n");
  EXPECT_EQ(failure.sentence.find("127.0.0.1 was offered no key; there is no agent (SSH_AUTH_SOCK); add"), 0u)
      << failure.sentence;
  EXPECT_NE(told(kKnown + "Permission denied (password).\r\n").sentence.find("it takes no key at all"),
            std::string::npos);
}

TEST(SshFailure, OfALockedKeySaysSo) {
  const std::string offered =
      "debug1: Offering public key: /k ED25519 SHA256:+iZ3 explicit\r\n"
      "debug1: Server accepts key: /k ED25519 SHA256:+iZ3 explicit\r\n"
      "git@127.0.0.1: Permission denied (publickey).\r\n";
  const SshFailure failure = told(
      kKnown + "debug1: get_agent_identities: ssh_get_authentication_socket: No such file\r\n" + offered);
  EXPECT_EQ(failure.sentence,
            "127.0.0.1 would accept the key /k ED25519, but it cannot be used: it is locked by a passphrase "
            "that nobody can be asked for; no agent answers; run ssh-add with it, or name a key without one "
            "by --ssh-key");
}

TEST(SshFailure, OfAnAgentThatDoesNotSignSaysSo) {
  const SshFailure failure =
      told(kKnown +
           "debug1: Server accepts key: me@host ED25519-SK SHA256:+iZ3 authenticator agent\r\n"
           "sign_and_send_pubkey: signing failed for ED25519-SK \"me@host\" from agent: agent refused "
           "operation\r\n"
           "git@127.0.0.1: Permission denied (publickey).\r\n");
  EXPECT_NE(
      failure.sentence.find("me@host ED25519-SK, but it cannot be used: the agent does not sign with it"),
      std::string::npos)
      << failure.sentence;
  EXPECT_EQ(failure.sentence.find("passphrase"), std::string::npos) << failure.sentence;
}

TEST(SshFailure, OfAKeyThatOthersMayReadSaysSo) {
  const SshFailure failure =
      told(kKnown + "Load key \"/k\": bad permissions\r\ngit@127.0.0.1: Permission denied (publickey).\r\n");
  EXPECT_NE(failure.sentence.find("chmod 600"), std::string::npos) << failure.sentence;
}

TEST(SshFailure, OfTheWayMayNotHappenAgain) {
  for (const char* line : {"ssh: connect to host 127.0.0.1 port 2222: Connection refused",
                           "ssh: connect to host 127.0.0.1 port 2222: Connection timed out",
                           "ssh: Could not resolve hostname 127.0.0.1: Name or service not known",
                           "kex_exchange_identification: Connection closed by remote host"}) {
    const SshFailure failure = told(std::string("debug1: Reading configuration data\r\n") + line + "\r\n");
    EXPECT_EQ(failure.kind, Kind::transport) << line;
    EXPECT_NE(failure.sentence.find(line), std::string::npos) << failure.sentence;
    EXPECT_NE(failure.sentence.find("127.0.0.1"), std::string::npos) << failure.sentence;
  }
  EXPECT_EQ(told("").sentence, "127.0.0.1: ssh ended without a word");
}

TEST(SshFailure, OfAServerWithoutACommonAlgorithmIsToldAsItIs) {
  const std::string line =
      "Unable to negotiate with 127.0.0.1 port 2222: no matching host key type found. Their offer: ssh-dss";
  const SshFailure failure = told("debug1: x\r\n" + line + "\r\n");
  EXPECT_EQ(failure.kind, Kind::host);
  EXPECT_EQ(failure.sentence, line);
}

TEST(SshFailure, OfTheOtherHostsProgramIsAWrongRequest) {
  const SshFailure failure =
      told(kKnown, "ERROR: Repository not found.\nfatal: Could not read from remote repository.\n", 1);
  EXPECT_EQ(failure.kind, Kind::request);
  EXPECT_EQ(failure.sentence,
            "Failed to clone repository: there is none at /srv/project.git of 127.0.0.1, or this key may not "
            "read it (127.0.0.1 says: ERROR: Repository not found.)");
  const SshFailure no_git = told(kKnown, "bash: git-upload-pack: command not found\n", 127);
  EXPECT_EQ(no_git.kind, Kind::host);
}

TEST(SshFailure, RepeatsNoControlCharacters) {
  for (const SshFailure& failure :
       {told("evil \x1b[31m words\r\n"), told(kKnown, "fatal: \x1b[31m\n", 128),
        told(kConnected + "No \x1b host key is known for \x1b[1m and you have requested strict\r\n")})
    EXPECT_EQ(failure.sentence.find('\x1b'), std::string::npos) << failure.sentence;
}

}  // namespace
}  // namespace images::checkout
