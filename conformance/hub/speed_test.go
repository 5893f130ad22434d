//go:build linux

package hub_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/gocoreml/coreml/hub/hubtest"
)

// What a large download may cost.
const (
	large      = 4 << 30
	maxMemory  = 96 << 20 // of the whole process, whatever the file's size
	leastSpeed = 0.8      // times that of curl and then sha256sum
	rounds     = 3
)

// TestLargeFileIsAsFastAsCurlAndSha256sum fetches 4 GiB in turns with both.
func TestLargeFileIsAsFastAsCurlAndSha256sum(t *testing.T) {
	if os.Getenv(pythonsEnv) == "" {
		t.Skip("takes minutes and 8 GiB of disk: make hub-conformance")
	}
	for _, program := range []string{"curl", "sha256sum"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("SKIP: %v", err)
		}
	}
	server := hubtest.New(t, hubtest.Repo{ID: "org/large", Files: hubtest.FS{weights: hubtest.Pattern{Size: large}}})
	dir := t.TempDir()
	var mine, theirs []time.Duration
	for round := range rounds {
		fetched, hashed := curlAndSha256sum(t, server, filepath.Join(dir, "curl"))
		theirs = append(theirs, fetched+hashed)
		took, memory := largeDownload(t, server, filepath.Join(dir, "cache"))
		mine = append(mine, took)
		t.Logf("round %d: ours %.1f s with %d MiB at most, curl %.1f s and sha256sum %.1f s", round+1, took.Seconds(), memory>>20, fetched.Seconds(), hashed.Seconds())
		if memory > maxMemory {
			t.Errorf("it took %d MiB of memory", memory>>20)
		}
	}
	slices.Sort(mine)
	slices.Sort(theirs)
	speed := theirs[rounds/2].Seconds() / mine[rounds/2].Seconds()
	t.Logf("ours has %.2f times the speed (medians)", speed)
	if speed < leastSpeed {
		t.Errorf("want at least %v times", leastSpeed)
	}
}

// curlAndSha256sum is the time that each of the two needs for the file.
func curlAndSha256sum(t *testing.T, server *hubtest.Server, to string) (fetched, hashed time.Duration) {
	t.Helper()
	fetched = timed(t, server, "curl", "-sSfL", "-o", to, server.URL()+"/org/large/resolve/main/"+weights)
	hashed = timed(t, server, "sha256sum", to)
	if err := os.Remove(to); err != nil {
		t.Fatal(err)
	}
	return fetched, hashed
}

// timed runs a program.
func timed(t *testing.T, server *hubtest.Server, program string, args ...string) time.Duration {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = append(cleanEnv(), server.Env()...)
	start := time.Now()
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, text)
	}
	return time.Since(start)
}

// largeDownload is the time that ours needs, and the most memory that it had.
func largeDownload(t *testing.T, server *hubtest.Server, cache string) (took time.Duration, memory int64) {
	t.Helper()
	w := start(t, ours, server)
	start := time.Now()
	w.must(command{Op: "download", Cache: cache, ID: "org/large", File: weights})
	took = time.Since(start)
	memory = maxRSS(w.end())
	if err := os.RemoveAll(cache); err != nil {
		t.Fatal(err)
	}
	return took, memory
}

// maxRSS is the most memory that a process has had, in bytes.
func maxRSS(state *os.ProcessState) int64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return usage.Maxrss << 10
}
