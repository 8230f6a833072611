// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/os_crash.h"

#include <execinfo.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>

#include "base/check.h"
#include "sim/sweep/os_symbolize.h"

// Sanitizers report to stderr and then abort, so that their findings take the same way out as a
// failed check; signals are left to us.
#if defined(__SANITIZE_ADDRESS__)
#define BEACH_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BEACH_ADDRESS_SANITIZER 1
#endif
#endif
#ifdef BEACH_ADDRESS_SANITIZER
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() {
  return "abort_on_error=1:handle_abort=0:handle_segv=0:handle_sigbus=0:handle_sigfpe=0:"
         "handle_sigill=0:use_sigaltstack=0:quarantine_size_mb=32:detect_leaks=0";
}
extern "C" const char* __ubsan_default_options();
extern "C" const char* __ubsan_default_options() {
  return "abort_on_error=1:handle_abort=0:handle_segv=0:print_stacktrace=0";
}
#endif

namespace beach::sim::sweep {
namespace {

// Signal handlers take no argument of ours: the one place in this folder with globals.
constexpr std::size_t kStackSize = 128 * 1024;
alignas(64) char handler_stack[kStackSize];
int crash_pipe = -1;
std::uint64_t program_offset = 0;
int samples_taken = 0;
std::uint32_t current_request = 0;

void Write(const CrashRecord& record) {
  [[maybe_unused]] const ssize_t written = ::write(crash_pipe, &record, sizeof record);
}

std::uint64_t InstructionOf(void* context) {
  const auto* machine = static_cast<const ucontext_t*>(context);
  return static_cast<std::uint64_t>(machine->uc_mcontext.gregs[REG_RIP]);
}

// The record without its stack first: unwinding a smashed stack may kill us.
void Report(int signal_number, void* context, bool twice) {
  CrashRecord record;
  record.signal = signal_number;
  record.request = current_request;
  record.program = program_offset;
  record.instruction = InstructionOf(context);
  if (twice) Write(record);
  void* addresses[CrashRecord::kFramesMax];
  const int count = ::backtrace(addresses, CrashRecord::kFramesMax);
  // Ours and the kernel's frames come before the one that was interrupted.
  int first = 0;
  for (int i = 0; i < count; ++i) {
    if (reinterpret_cast<std::uint64_t>(addresses[i]) == record.instruction) first = i + 1;
  }
  for (int i = first; i < count; ++i) {
    record.frames[record.frames_count++] = reinterpret_cast<std::uint64_t>(addresses[i]);
  }
  Write(record);
}

void OnFatalSignal(int signal_number, siginfo_t*, void* context) {
  Report(signal_number, context, true);
  // SA_RESETHAND: returning runs into the same fault again, and dies of it. abort() sees to itself.
}

void OnPatienceEnd(int signal_number, siginfo_t*, void* context) {
  const int saved_errno = errno;
  Report(signal_number, context, false);
  if (++samples_taken >= kHangSamples) ::_exit(kHangExitStatus);
  errno = saved_errno;
}

void Handle(int signal_number, void (*handler)(int, siginfo_t*, void*), int flags) {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | flags;
  ::sigemptyset(&action.sa_mask);
  BEACH_CHECK_EQ(::sigaction(signal_number, &action, nullptr), 0);
}

}  // namespace

void InstallCrashHandlers(int pipe) {
  crash_pipe = pipe;
  program_offset = LoadOffset();
  samples_taken = 0;
  // The first call loads the unwinder, which allocates.
  void* warm[2];
  BEACH_CHECK_GT(::backtrace(warm, 2), 0);

  const stack_t stack = {.ss_sp = handler_stack, .ss_flags = 0, .ss_size = kStackSize};
  BEACH_CHECK_EQ(::sigaltstack(&stack, nullptr), 0);
  for (const int fatal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    Handle(fatal, OnFatalSignal, static_cast<int>(SA_RESETHAND | SA_NODEFER));
  }
  Handle(SIGPROF, OnPatienceEnd, SA_RESTART);
  const rlimit no_core = {0, 0};
  BEACH_CHECK_EQ(::setrlimit(RLIMIT_CORE, &no_core), 0);
}

void ArmCpuLimit(std::uint64_t milliseconds, std::uint32_t request) {
  current_request = request;
  itimerval timer = {};
  timer.it_value.tv_sec = static_cast<time_t>(milliseconds / 1000);
  timer.it_value.tv_usec = static_cast<suseconds_t>(milliseconds % 1000 * 1000);
  if (milliseconds > 0) timer.it_interval.tv_usec = 10'000;
  BEACH_CHECK_EQ(::setitimer(ITIMER_PROF, &timer, nullptr), 0);
  samples_taken = 0;
}

}  // namespace beach::sim::sweep
