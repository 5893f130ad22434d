package generate_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
)

// held is what a process could keep of a model that was closed.
type held struct {
	goroutines, files, mappings int
	heap                        uint64
}

func holding(t *testing.T) held {
	t.Helper()
	runtime.GC()
	runtime.GC() // the second frees what the first finalised
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	h := held{goroutines: runtime.NumGoroutine(), heap: m.HeapAlloc}
	if runtime.GOOS != "linux" {
		return h
	}
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	h.files = len(fds)
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	h.mappings = strings.Count(string(maps), ".bin")
	return h
}

// Nothing of a model outlives Close. COREML_CYCLES sets how often one is loaded,
// run and closed.
func TestClosedModelsLeaveNothing(t *testing.T) {
	cycles := 20
	if testing.Short() {
		cycles = 8
	}
	if s := os.Getenv("COREML_CYCLES"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			t.Fatalf("COREML_CYCLES is %q", s)
		}
		cycles = n
	}
	path := filepath.Join("../examples/storyteller/model", storyteller.Package)
	cycle := func() {
		g, err := generate.Open(t.Context(), path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range g.Stream(t.Context(), "Once upon a time", &generate.Options{MaxTokens: 4}) {
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 { // the process's own pools and tables
		cycle()
	}
	before := holding(t)
	for range cycles {
		cycle()
	}
	// Goroutines that are done, the collector's own among them, end some time later.
	more := func(after held) bool {
		return after.goroutines > before.goroutines || after.files > before.files || after.mappings > before.mappings ||
			after.heap > before.heap+1<<20 // one model's plan alone takes more
	}
	after := holding(t)
	for end := time.Now().Add(time.Minute); more(after) && time.Now().Before(end); after = holding(t) {
		time.Sleep(10 * time.Millisecond)
	}
	if more(after) {
		t.Errorf("after %d cycles %+v is held, before %+v", cycles, after, before)
	}
}
