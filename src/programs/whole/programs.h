// The verbs that run servers, read mail, or handle key material: each composes what it needs from
// the rooms below.
#pragma once

#include "src/cli/verb.h"

namespace satchel::programs {

void add_node(cli::CommandLine& line);
void add_gateway(cli::CommandLine& line);
void add_send(cli::CommandLine& line);
void add_queue(cli::CommandLine& line);
void add_get(cli::CommandLine& line);
void add_restore(cli::CommandLine& line);
void add_mail(cli::CommandLine& line);
void add_encrypt(cli::CommandLine& line);
void add_decrypt(cli::CommandLine& line);

/// `satchel swarm`, which a node runs and nobody else: no verb of the command line.
bool is_swarm(int argc, char const* const* argv);
int run_swarm(int argc, char const* const* argv);

}  // namespace satchel::programs
