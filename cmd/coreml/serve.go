package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/openai"
	"github.com/gocoreml/coreml/internal/storage"
)

// serveCmd is the verb serve. It promises that a client of OpenAI's or Anthropic's API can
// use the models by the names that it was given, that it listens on this machine alone
// unless it is told otherwise, and that an interrupt ends no answer that can be finished in
// time. Standard error has one line that says where it listens and the log of requests, of
// which no line has a prompt or an answer; standard output has nothing, or with --json one
// object once the models are there.
type serveCmd struct {
	// What is served.
	Model      []namedPath `short:"m" sep:"none" help:"A model package, a folder with one in it, or the name of a repository, org/name[@revision][:path], which is downloaded; may be repeated. ID is what requests call it: without it, the name of the package without its ending. Without --model a small storyteller is served." placeholder:"[ID=]MODEL"`
	Tokenizer  []namedPath `sep:"none" help:"Folder with the tokenizer of a model, its tokenizer.json, or a repository. Without it: beside the package, else that of the repository that the package was made from. ID says of which model where there are several." placeholder:"[ID=]PATH"`
	Adapter    []namedPath `sep:"none" help:"A folder with a low-rank adapter (LoRA) of PEFT or mlx-lm. Requests ask for it as model MODEL:NAME, or with the field adapter; may be repeated. ID says of which model where there are several." placeholder:"[ID:]NAME=DIR[=SCALE]"`
	Draft      []namedPath `sep:"none" help:"A smaller model with the same tokenizer, which drafts for the other: faster, the same answers. ID says for which model where there are several." placeholder:"[ID=]MODEL"`
	SessionDir string      `help:"A folder for the conversations of requests with a header X-Session-Id: they are saved there after each answer, and go on after another start, or on another server that shares the folder." type:"path" placeholder:"DIR"`

	// Where, and to whom.
	Addr       string   `help:"The address to listen on; port 0 lets the system choose. :8080 is every address of this machine." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	APIKey     []string `name:"api-key" sep:"none" help:"A key that requests must have one of; may be repeated. COREML_API_KEY is one too, which other users of this machine cannot read." placeholder:"KEY"`
	APIKeyFile string   `name:"api-key-file" help:"A file with keys, one a line." type:"path" placeholder:"FILE"`
	Origin     []string `sep:"none" help:"A web page that may use the server, as https://example.com; * stands for all. May be repeated." placeholder:"ORIGIN"`
	TLSCert    string   `name:"tls-cert" help:"A PEM file with the certificate, and those between it and the root, for https. It is read again when it or the key has changed." type:"path" placeholder:"FILE"`
	TLSKey     string   `name:"tls-key" help:"A PEM file with its private key." type:"path" placeholder:"FILE"`

	// How much at once.
	Parallel    int           `help:"Most answers of a model at once; 0 means 4. Each takes the memory of a conversation, and up to eight share their passes over the weights." default:"0" placeholder:"N"`
	Queue       int           `help:"Most requests that wait for a model; one more is refused with status 429." default:"64" placeholder:"N"`
	Connections int           `help:"Most open connections. One more takes the place of one without a request; where all have one it gets status 503, but for /health." default:"1024" placeholder:"N"`
	Timeout     time.Duration `help:"Longest time for a request; 0 means any." default:"0s" placeholder:"TIME"`
	Drain       time.Duration `help:"How long answers may go on after an interrupt." default:"30s" placeholder:"TIME"`
	DrainDelay  time.Duration `help:"How long requests are still taken after an interrupt, while /health says that the server ends: for balancers to notice." default:"0s" placeholder:"TIME"`

	// How the models are run.
	ComputeUnits unitsFlag      `help:"Devices to use: all, cpu-only, cpu-and-gpu or cpu-and-neural-engine." default:"all" placeholder:"NAME"`
	Engine       engineFlag     `help:"What runs the models: auto, framework or portable." default:"auto" placeholder:"NAME"`
	Arithmetic   arithmeticFlag `help:"How the portable engine rounds: faithful, wide, fast, or default: fast for text, wide for vectors." default:"default" placeholder:"NAME"`
	Threads      int            `help:"Most threads to use; 0 means as many as there are cores." default:"0" placeholder:"N"`
	hubFlags

	// What else there is.
	Page      bool   `help:"Serve a page for conversations at /." default:"true" negatable:""`
	Metrics   bool   `help:"Serve measures for Prometheus at /metrics." default:"true" negatable:""`
	LogFormat string `help:"The form of the log: text or json." enum:"text,json" default:"text" placeholder:"NAME"`
	JSON      bool   `help:"When the models are there, print one JSON object with the address."`
	Quiet     bool   `short:"q" help:"Log faults of the server only, and show no progress of a download."`
}

// Help is printed by kong above the flags.
func (*serveCmd) Help() string {
	return `The API is that of OpenAI (/v1/chat/completions, /v1/completions, /v1/responses, /v1/embeddings, /v1/models) and of Anthropic (/v1/messages), with /tokenize, /detokenize and /health beside it; docs/server.md and docs/api.md have all of it. At / there is a page for conversations.

The first interrupt lets the answers under way end, for at most --drain, and with --drain-delay takes requests a while longer; the second ends the program at once. The exit status is 0 when all of them could end, 1 when some were cut off or the server could not begin, and 130 after an interrupt before the models were there.

Examples:

    coreml serve
    coreml serve --model Model.mlpackage
    coreml serve --model chat=org/name --model vectors=MiniLM.mlpackage --addr 127.0.0.1:9000
    coreml serve --model chat=Model.mlpackage --adapter poet=DIR --parallel 8 --queue 100
    coreml serve --model Model.mlpackage --addr :8443 --api-key-file keys.txt --tls-cert cert.pem --tls-key key.pem`
}

// Validate is called by kong.
func (c *serveCmd) Validate() error {
	var timeout, drain error
	if c.Timeout < 0 {
		timeout = fmt.Errorf("--timeout is %s: it must be 0 or more; 0 means any", c.Timeout)
	}
	if c.Drain < 0 {
		drain = fmt.Errorf("--drain is %s: it must be 0 or more", c.Drain)
	}
	if c.DrainDelay < 0 {
		drain = errors.Join(drain, fmt.Errorf("--drain-delay is %s: it must be 0 or more", c.DrainDelay))
	}
	return errors.Join(
		between("--parallel", c.Parallel, 0, 256), between("--queue", c.Queue, 1, 1_000_000),
		between("--connections", c.Connections, 1, 1_000_000),
		timeout, drain, c.engine().Validate())
}

// AfterApply is called by kong.
func (c *serveCmd) AfterApply() error { return c.engine().AfterApply() }

// engine is what the verbs that run one model have as their flags.
func (c *serveCmd) engine() *engineFlags {
	return &engineFlags{Engine: c.Engine, Arithmetic: c.Arithmetic, Threads: c.Threads}
}

// config is how models are loaded.
func (c *serveCmd) config() *coreml.Config {
	cfg := c.engine().config()
	cfg.ComputeUnits = coreml.ComputeUnits(c.ComputeUnits)
	return cfg
}

// Run is called by kong.
func (c *serveCmd) Run(ctx context.Context, s *streams) (err error) {
	plan, err := c.plan()
	if err != nil {
		return err
	}
	keys, err := c.keys()
	if err != nil {
		return err
	}
	cert, err := c.certificate()
	if err != nil {
		return err
	}
	sv := &webServer{cmd: c, io: s, keys: keys, logTo: &mutedWriter{w: s.err}}
	sv.log = c.logger(sv.logTo)
	defer func() { err = errors.Join(err, sv.closeModels()) }()
	cfg := &openai.Config{APIKeys: keys, Origins: c.Origin, Timeout: c.Timeout, Logger: sv.log}
	if c.Metrics {
		sv.metrics = newMetrics(c.Parallel)
		cfg.Metrics = sv.metrics
	}
	if sv.api, err = openai.New(cfg); err != nil {
		return err
	}
	sv.api.SetLoading(true)
	if err := sv.listen(ctx, cert); err != nil {
		return err
	}
	sv.announce()
	sv.serve()
	return sv.run(ctx, plan)
}

// keys are those of the flags, of the file and of the environment.
func (c *serveCmd) keys() ([]string, error) {
	keys := c.APIKey
	if c.APIKeyFile != "" {
		data, err := readSmallFile(c.APIKeyFile)
		if err != nil {
			return nil, fmt.Errorf("--api-key-file: %w", err)
		}
		had := len(keys)
		for line := range strings.Lines(string(data)) {
			if key := strings.TrimSpace(line); key != "" {
				keys = append(keys, key)
			}
		}
		if len(keys) == had {
			return nil, usagef("--api-key-file %s has no key in it", quoted(c.APIKeyFile))
		}
	}
	for _, key := range keys {
		if !isKey(key) {
			return nil, usagef("an API key has characters that a header cannot carry: letters, digits and signs without spaces are right")
		}
	}
	return keys, nil
}

// readSmallFile reads a file that people write by hand.
func readSmallFile(name string) (data []byte, err error) {
	const most = 1 << 20
	f, err := storage.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data, err = io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && len(data) > most {
		err = fmt.Errorf("%s has more than %d bytes", name, most)
	}
	return data, err
}

// isKey reports whether a client can send a text as a key: one of visible ASCII.
func isKey(key string) bool {
	for _, r := range key {
		if r <= ' ' || r > '~' {
			return false
		}
	}
	return key != ""
}

// isLoopback reports whether an address can be reached from this machine alone.
func isLoopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
