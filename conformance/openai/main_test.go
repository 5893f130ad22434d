package conformance

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/gocoreml/coreml/conformance/openai/target"
)

// What the tests are told by their environment.
var (
	// baseURL is a server that runs already, which also gets its model's name in MODEL
	// and its key in API_KEY; PARALLEL and QUEUE say how many it answers and lets wait, and
	// EMBEDDER names a model of it that gives vectors.
	baseURL = os.Getenv("BASE_URL")
	// binary is the command whose server is tried; without it and BASE_URL it is package
	// generate/openai within the test's own process.
	binary = os.Getenv("COREML_BINARY")
	// clients is the folder of install.sh with the clients that are not Go.
	clients = os.Getenv("COREML_OPENAI_CLIENTS")
)

// The size of the servers that the tests start.
const (
	parallel = 2
	queued   = 2
	apiKey   = "conformance-key"
	// startUp is how long a server may take to be ready.
	startUp = time.Minute
)

// What stays for all tests: the model's files and the server that most of them ask.
var (
	folder string
	shared struct {
		once sync.Once
		*target.Server
		err error
	}
)

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if folder, err = os.MkdirTemp("", "openai-*"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	defer func() {
		if shared.Server != nil {
			_ = shared.Kill()
		}
	}()
	status := m.Run()
	report()
	return status
}

// model returns the path of the package that the tests' servers serve.
var model = sync.OnceValues(func() (string, error) { return target.WriteModel(folder) })

// config is that of a server with the tests' model.
func config(t testing.TB) *target.Config {
	t.Helper()
	path, err := model()
	if err != nil {
		t.Fatal(err)
	}
	return &target.Config{
		Binary: binary, Models: []string{target.ModelID + "=" + path},
		Encoder: "vectors=" + filepath.Join("..", "..", "generate", "embed", "testdata", "encoders", "mean-bert", "model.mlpackage"),
		Key:     apiKey, Parallel: parallel, Queue: queued,
	}
}

// server returns the server that the tests share.
func server(t testing.TB) *target.Server {
	t.Helper()
	shared.once.Do(func() {
		if baseURL != "" {
			shared.Server = outside()
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), startUp)
		defer cancel()
		shared.Server, shared.err = open(ctx, config(t))
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.Server
}

// outside is the server of BASE_URL.
func outside() *target.Server {
	number := func(name string) int {
		n, _ := strconv.Atoi(os.Getenv(name))
		return n
	}
	s := &target.Server{URL: baseURL, Key: os.Getenv("API_KEY"), Model: os.Getenv("MODEL"), Encoder: os.Getenv("EMBEDDER"), Parallel: number("PARALLEL"), Queue: number("QUEUE")}
	if s.Model == "" {
		s.Model = target.ModelID
	}
	return s
}

// open starts a server of the kind that is tried.
func open(ctx context.Context, cfg *target.Config) (*target.Server, error) {
	if binary != "" {
		return target.Start(ctx, cfg)
	}
	return target.Local(ctx, cfg)
}

// start starts a server for one test, which ends it.
func start(t *testing.T, cfg *target.Config) *target.Server {
	t.Helper()
	if baseURL != "" {
		t.Skip("needs a server of its own, and BASE_URL names one")
	}
	ctx, cancel := context.WithTimeout(t.Context(), startUp)
	defer cancel()
	s, err := open(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Kill(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// command starts the command's server for one test.
func command(t *testing.T, cfg *target.Config) *target.Server {
	t.Helper()
	if binary == "" {
		t.Skip("needs the command: set COREML_BINARY, or run make openai-conformance")
	}
	return start(t, cfg)
}

// fixture returns the path of a package under COREML_FIXTURES.
func fixture(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("COREML_FIXTURES")
	if dir == "" {
		t.Skipf("COREML_FIXTURES, which has %s, is not set", name)
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		t.Skip(err)
	}
	return path
}
