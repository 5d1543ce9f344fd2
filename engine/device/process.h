// Thread pools, their waiting policy and the allocator, settled in one place (ARCHITECTURE.md, "Threads").
// prepareProcess() itself is declared in engine/engine.h, for main().
#pragma once

namespace palimpsest {

// Threads for tensor work from now on; 0: one for each core. Engine thread only, between steps.
void setThreads(int count);
int threads();
int cores();  // that this process may use

// Lets the window's thread win: lowers the priority of the calling thread and of the OpenMP workers that serve it.
// Call first thing on the engine's thread, before setThreads(): workers made later inherit it. Best effort, never fails.
void lowerThreadPriority();

}  // namespace palimpsest
