// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/os_worker.h"

#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "base/check.h"
#include "base/coding.h"
#include "base/random.h"

// On the channel each message is a fixed32 length and that many bytes. A request is the caller's
// bytes; an answer is flags (fixed8: 1 retired, 2 no answer yet but progress), processor time
// (fixed64), then the caller's bytes.

namespace beach::sim::sweep {
namespace {

constexpr std::uint64_t kMessageMax = 1ULL << 30;
constexpr std::size_t kErrorTextMax = 64 * 1024;
constexpr std::size_t kAnswerHeader = 9;
constexpr std::uint8_t kRetired = 1;
constexpr std::uint8_t kProgress = 2;
// A worker that uses no processor time but does not answer either waits for something that does not
// exist in a simulation. Wall time is generous, since machines are shared.
constexpr std::uint64_t kPatienceFactor = 10;

void CloseDescriptor(int& descriptor) {
  if (descriptor >= 0) ::close(descriptor);
  descriptor = -1;
}

bool ReadWhole(int descriptor, char* target, std::size_t length) {
  while (length > 0) {
    const ssize_t got = ::read(descriptor, target, length);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    target += got;
    length -= static_cast<std::size_t>(got);
  }
  return true;
}

bool SendWhole(int descriptor, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool SendMessage(int channel, std::uint8_t flags, std::uint64_t cpu_ns, ByteView bytes) {
  BEACH_CHECK_LT(bytes.size(), kMessageMax);
  Bytes message;
  Encoder out(message);
  out.Fixed32(static_cast<std::uint32_t>(kAnswerHeader + bytes.size()));
  out.Fixed8(flags);
  out.Fixed64(cpu_ns);
  out.Raw(bytes);
  return SendWhole(channel, message);
}

std::uint64_t TimeNs(clockid_t clock) {
  timespec now = {};
  BEACH_CHECK_EQ(::clock_gettime(clock, &now), 0);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t ResidentBytes() {
  const int file = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  char text[128] = {};
  [[maybe_unused]] const ssize_t got = ::read(file, text, sizeof text - 1);
  ::close(file);
  unsigned long long size = 0;
  unsigned long long resident = 0;
  if (std::sscanf(text, "%llu %llu", &size, &resident) != 2) return 0;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// A request's text on stderr begins with this, since pipe and channel are read at different times.
constexpr ByteView kRequestMark("\0\1request\n", 10);

void WriteMark() {
  [[maybe_unused]] const ssize_t written =
      ::write(STDERR_FILENO, kRequestMark.data(), kRequestMark.size());
}

// Takes the text of the oldest request off the front of `text`.
std::string TakeRequestText(std::string& text) {
  if (text.starts_with(kRequestMark)) text.erase(0, kRequestMark.size());
  const std::size_t end = std::min(text.find(kRequestMark), text.size());
  std::string taken = text.substr(0, end);
  text.erase(0, end);
  return taken;
}

constexpr int kNoProgramExitStatus = 127;

// Becomes that program; returns when there is none. What a program finds in its environment moves
// its stack.
void Execute(const std::vector<std::string>& words, std::uint64_t salt) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const std::string noise = "BEACHSIM_NOISE=" + std::string(salt % 8192, '.');
  std::vector<char*> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) environment.push_back(*entry);
  environment.push_back(const_cast<char*>(noise.c_str()));
  environment.push_back(nullptr);
  ::execve(arguments[0], arguments.data(), environment.data());
  const std::string message = ErrnoError(errno, "execve", words[0]).ToString() + "\n";
  WriteMark();
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, message.data(), message.size());
}

void KeepTail(std::string& text) {
  if (text.size() > kErrorTextMax) text.erase(0, text.size() - kErrorTextMax);
}

}  // namespace

Result<std::unique_ptr<OsWorker>> OsWorker::Fork(const Serve& serve, const WorkerLimits& limits,
                                                 const std::vector<const OsWorker*>& siblings) {
  return Start(limits, siblings,
               [&](int channel, int crashes) { ServeOn(serve, limits, channel, crashes); });
}

Result<std::unique_ptr<OsWorker>> OsWorker::Spawn(const std::vector<std::string>& command,
                                                  std::uint64_t salt, const WorkerLimits& limits,
                                                  const std::vector<const OsWorker*>& siblings) {
  BEACH_CHECK(!command.empty());
  return Start(limits, siblings, [&](int channel, int crashes) {
    for (const int descriptor : {channel, crashes}) ::fcntl(descriptor, F_SETFD, 0);
    std::vector<std::string> words = command;
    words.insert(words.end(),
                 {"--channel", std::to_string(channel), "--crash-pipe", std::to_string(crashes)});
    Execute(words, salt);
  });
}

Result<std::unique_ptr<OsWorker>> OsWorker::Start(const WorkerLimits& limits,
                                                  const std::vector<const OsWorker*>& siblings,
                                                  const std::function<void(int, int)>& child) {
  std::unique_ptr<OsWorker> worker(new OsWorker);
  worker->limits_ = limits;
  int channel[2] = {-1, -1};
  int errors[2] = {-1, -1};
  int crashes[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) != 0) {
    return Fail(ErrnoError(errno, "socketpair", "sweep worker"));
  }
  worker->channel_ = channel[0];
  if (::pipe2(errors, O_CLOEXEC) != 0 || ::pipe2(crashes, O_CLOEXEC) != 0) {
    const int failure = errno;
    for (int descriptor : {channel[1], errors[0], errors[1]}) CloseDescriptor(descriptor);
    return Fail(ErrnoError(failure, "pipe2", "sweep worker"));
  }
  worker->error_pipe_ = errors[0];
  worker->crash_pipe_ = crashes[0];
  std::fflush(nullptr);
  const pid_t parent = ::getpid();
  const pid_t process = ::fork();
  if (process == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(0);
    for (const OsWorker* sibling : siblings) {
      for (const int descriptor : {sibling->channel_, sibling->error_pipe_, sibling->crash_pipe_}) {
        if (descriptor >= 0) ::close(descriptor);
      }
    }
    for (const int descriptor : {channel[0], errors[0], crashes[0]}) ::close(descriptor);
    ::dup2(errors[1], STDERR_FILENO);
    ::dup2(errors[1], STDOUT_FILENO);
    child(channel[1], crashes[1]);
    ::_exit(kNoProgramExitStatus);
  }
  const int failure = errno;
  for (int descriptor : {channel[1], errors[1], crashes[1]}) CloseDescriptor(descriptor);
  if (process < 0) return Fail(ErrnoError(failure, "fork", "sweep worker"));
  worker->process_ = process;
  for (const int descriptor : {channel[0], errors[0], crashes[0]}) {
    BEACH_CHECK_EQ(::fcntl(descriptor, F_SETFL, O_NONBLOCK), 0);
  }
  return worker;
}

void OsWorker::ServeOn(const Serve& serve, const WorkerLimits& limits, int channel,
                       int crash_pipe) {
  InstallCrashHandlers(crash_pipe);
  const std::uint64_t memory_at_start = ResidentBytes();
  for (std::uint32_t number = 0;; ++number) {
    char header[4];
    if (!ReadWhole(channel, header, sizeof header)) ::_exit(0);
    Bytes request(LoadFixed<std::uint32_t>(header), '\0');
    if (!ReadWhole(channel, request.data(), request.size())) ::_exit(0);

    const std::uint64_t started_ns = TimeNs(CLOCK_PROCESS_CPUTIME_ID);
    WriteMark();
    ArmCpuLimit(limits.cpu_ms, number);
    const Bytes response =
        serve(request, [&](ByteView progress) { SendMessage(channel, kProgress, 0, progress); });
    ArmCpuLimit(0, number);
    const std::uint64_t cpu_ns = TimeNs(CLOCK_PROCESS_CPUTIME_ID) - started_ns;

    const bool retires = ResidentBytes() > memory_at_start + limits.memory_growth_bytes;
    const std::uint8_t flags = retires ? kRetired : 0;
    if (!SendMessage(channel, flags, cpu_ns, response) || retires) ::_exit(0);
  }
}

OsWorker::~OsWorker() {
  if (process_ > 0 && !gone_) {
    ::kill(process_, SIGKILL);
    int status = 0;
    while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
  }
  CloseAll();
}

void OsWorker::CloseAll() {
  CloseDescriptor(channel_);
  CloseDescriptor(error_pipe_);
  CloseDescriptor(crash_pipe_);
}

void OsWorker::Send(ByteView request) {
  BEACH_CHECK_LT(request.size(), 4096U);
  Bytes message;
  Encoder out(message);
  out.Fixed32(static_cast<std::uint32_t>(request.size()));
  out.Raw(request);
  if (unanswered_++ == 0) serving_since_ns_ = OsMonotonicNs();
  [[maybe_unused]] const bool sent = SendWhole(channel_, message);  // a dead worker is seen by Pump
}

void OsWorker::Finish() { ::shutdown(channel_, SHUT_WR); }

void OsWorker::AppendPolls(std::vector<pollfd>& polls) const {
  for (const int descriptor : {channel_, error_pipe_, crash_pipe_}) {
    if (descriptor >= 0) polls.push_back({.fd = descriptor, .events = POLLIN, .revents = 0});
  }
}

void OsWorker::PumpErrors() {
  std::array<char, 16 * 1024> buffer;
  while (error_pipe_ >= 0) {
    const ssize_t got = ::read(error_pipe_, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) CloseDescriptor(error_pipe_);
    if (got <= 0) return;
    death_.error_text.append(buffer.data(), static_cast<std::size_t>(got));
    KeepTail(death_.error_text);
  }
}

void OsWorker::PumpCrashes() {
  CrashRecord record;
  while (crash_pipe_ >= 0) {
    const ssize_t got = ::read(crash_pipe_, &record, sizeof record);
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) CloseDescriptor(crash_pipe_);
    if (got <= 0) return;
    const bool whole = got == sizeof record && record.magic == CrashRecord::kMagic &&
                       record.frames_count <= CrashRecord::kFramesMax;
    if (!whole || record.request < answered_) continue;
    // Those of an earlier request, sampled just before it ended, say nothing about this one.
    std::erase_if(death_.records,
                  [&](const CrashRecord& old) { return old.request != record.request; });
    if (death_.records.size() < 2 * kHangSamples) death_.records.push_back(record);
  }
}

// False at the end of the stream.
bool OsWorker::PumpAnswers(std::vector<Answer>& answers) {
  std::array<char, 64 * 1024> buffer;
  bool open = true;
  while (channel_ >= 0) {
    const ssize_t got = ::read(channel_, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) break;
    if (got <= 0) {
      open = false;
      break;
    }
    incoming_.append(buffer.data(), static_cast<std::size_t>(got));
  }
  std::size_t at = 0;
  while (incoming_.size() - at >= 4) {
    const auto length = LoadFixed<std::uint32_t>(incoming_.data() + at);
    if (length < kAnswerHeader || length > kMessageMax) {
      // Its memory is damaged; nothing it says can be trusted any more.
      ::kill(process_, SIGKILL);
      incoming_.clear();
      return open;
    }
    if (incoming_.size() - at - 4 < length) break;
    Decoder in(ByteView(incoming_).substr(at + 4, length));
    Answer answer;
    const std::uint8_t flags = in.Fixed8();
    answer.retired = (flags & kRetired) != 0;
    answer.progress = (flags & kProgress) != 0;
    answer.cpu_ns = in.Fixed64();
    answer.bytes = Bytes(in.rest());
    at += 4 + length;
    if (answer.progress) {
      answers.push_back(std::move(answer));
      continue;
    }
    // What was written to stderr before the answer is in the pipe by now; what follows may be too.
    PumpErrors();
    answer.error_text = TakeRequestText(death_.error_text);
    patience_signals_ = 0;
    ++answered_;
    if (unanswered_ > 0) --unanswered_;
    serving_since_ns_ = OsMonotonicNs();
    answers.push_back(std::move(answer));
  }
  incoming_.erase(0, at);
  return open;
}

void OsWorker::WatchPatience() {
  if (unanswered_ == 0) return;
  const std::uint64_t waited_ms = (OsMonotonicNs() - serving_since_ns_) / 1'000'000;
  const std::uint64_t limit_ms = limits_.cpu_ms * kPatienceFactor;
  // Asks for stacks, one every 50 ms at most, then ends it.
  if (waited_ms < limit_ms + patience_signals_ * 50) return;
  death_.silent = ++patience_signals_ > 4 * kHangSamples;
  ::kill(process_, death_.silent ? SIGKILL : SIGPROF);
}

void OsWorker::Pump(std::vector<Answer>& answers) {
  if (gone_) return;
  const bool open = PumpAnswers(answers);
  PumpErrors();
  PumpCrashes();
  WatchPatience();
  if (open) return;
  int status = 0;
  while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
  }
  PumpErrors();
  PumpCrashes();
  std::erase_if(death_.records,
                [&](const CrashRecord& record) { return record.request != answered_; });
  death_.error_text = TakeRequestText(death_.error_text);
  if (WIFSIGNALED(status)) death_.signal = WTERMSIG(status);
  if (WIFEXITED(status)) death_.exit_status = WEXITSTATUS(status);
  gone_ = true;
  CloseAll();
}

const WorkerDeath& OsWorker::death() const {
  BEACH_CHECK(gone_);
  return death_;
}

void WaitForWorkers(const std::vector<const OsWorker*>& workers, int interrupt_descriptor,
                    std::uint64_t timeout_ms) {
  std::vector<pollfd> polls;
  if (interrupt_descriptor >= 0) {
    polls.push_back({.fd = interrupt_descriptor, .events = POLLIN, .revents = 0});
  }
  for (const OsWorker* worker : workers) worker->AppendPolls(polls);
  ::poll(polls.data(), polls.size(), static_cast<int>(timeout_ms));
}

InterruptGuard::InterruptGuard() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  descriptor_ = ::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
}

InterruptGuard::~InterruptGuard() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  Requested();
  ::sigprocmask(SIG_UNBLOCK, &signals, nullptr);
  CloseDescriptor(descriptor_);
}

bool InterruptGuard::Requested() {
  signalfd_siginfo information;
  while (::read(descriptor_, &information, sizeof information) == sizeof information) {
    requested_ = true;
  }
  return requested_;
}

void ShiftHeap(std::uint64_t salt) {
  if (salt == 0) return;
  RandomStream stream(salt);
  // Never freed: the point is that later blocks lie elsewhere.
  for (int i = 0; i < 64; ++i) {
    const std::uint64_t size = stream.Between(16, 4096);
    volatile char* block = static_cast<char*>(std::malloc(static_cast<std::size_t>(size)));
    if (block != nullptr) *block = 1;
  }
}

std::uint64_t OsMonotonicNs() { return TimeNs(CLOCK_MONOTONIC); }
std::uint64_t OsWallMs() { return TimeNs(CLOCK_REALTIME) / 1'000'000; }

unsigned OsProcessorCount() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  const int count = CPU_COUNT(&set);
  return count < 1 ? 1 : static_cast<unsigned>(count);
}

}  // namespace beach::sim::sweep
