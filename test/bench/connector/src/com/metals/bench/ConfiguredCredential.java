package com.metals.bench;

import com.mongodb.MongoCredential;
import com.mongodb.kafka.connect.util.custom.credentials.CustomCredentialProvider;
import java.util.Map;

/**
 * The login through the connector's own extension point, in place of the connection string. With a login in that string
 * the connector asks the server for the user's rights and refuses to start on the stand-in, which has users but no
 * roles: "Invalid user permissions. Missing the following action permissions: insert, update, remove".
 */
public final class ConfiguredCredential implements CustomCredentialProvider {
  @Override
  public MongoCredential getCustomCredential(Map<?, ?> configs) {
    char[] password = read(configs, "metals.mongodb.password").toCharArray();
    return MongoCredential.createScramSha256Credential(read(configs, "metals.mongodb.username"), "admin", password);
  }

  @Override
  public void validate(Map<?, ?> configs) {
    getCustomCredential(configs);
  }

  @Override
  public void init(Map<?, ?> configs) {}

  private static String read(Map<?, ?> configs, String name) {
    if (configs.get(name) instanceof String value && !value.isEmpty()) return value;
    throw new IllegalArgumentException(name + " is missing in sink.properties");
  }
}
