// A CA bundle as Java reads one. A Java program knows neither SSL_CERT_FILE nor PEM; it takes a keystore, by
// `-Djavax.net.ssl.trustStore=FILE -Djavax.net.ssl.trustStoreType=JKS`.
#pragma once

#include <string>
#include <string_view>

namespace images {

// The certificates of `pem` as a keystore in the format JKS, which every Java reads (sun.security.provider.
// JavaKeyStore of OpenJDK describes it), under Java's usual password "changeit". What is no certificate is
// left out; empty when there is none. Pure and deterministic.
std::string java_truststore(std::string_view pem);

}  // namespace images
