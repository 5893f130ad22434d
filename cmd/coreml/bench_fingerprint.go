package main

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"runtime"
	"strings"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
)

// The fingerprint of bench: a hash of the logits that a model gives over a text. Two
// machines on which it is the same compute the same bits, and with the same seed write
// the same text.

//go:embed bench_fingerprint.txt
var fingerprintText string

const (
	// Three quarters of them are a prompt, the others come one by one: products have
	// kernels for many vectors and kernels for one.
	promptQuarters = 3
	// oddBlock is the length of blocks that no kernel is made for.
	oddBlock = 7
	// shortDigits are enough to tell by eye.
	shortDigits = 12
)

// fingerprint is the hash of one arithmetic's logits.
type fingerprint struct {
	Arithmetic string `json:"arithmetic"`
	SHA256     string `json:"sha256"`
	Short      string `json:"short"`
	// SameInBlocks says that a prompt in blocks of seven tokens gave the same logits.
	// It is nil in fast arithmetic, which does not promise it.
	SameInBlocks *bool `json:"same_in_blocks,omitempty"`
}

// fingerprintReport is what --fingerprint prints as JSON, on one line.
type fingerprintReport struct {
	Model        string        `json:"model"`
	CPU          string        `json:"cpu"`
	Architecture string        `json:"architecture"`
	Instructions string        `json:"instructions"`
	Threads      int           `json:"threads"`
	Tokens       int           `json:"tokens"`
	Fingerprints []fingerprint `json:"fingerprints"`
}

// fingerprints takes the fingerprint of the arithmetic that is asked for, or of each.
func (c *benchCmd) fingerprints(ctx context.Context, f *finder) (*fingerprintReport, error) {
	if coreml.EngineChoice(c.Engine) == coreml.EngineFramework {
		return nil, usagef("--fingerprint is of the portable engine: Core ML promises no bits")
	}
	at, err := f.model(ctx, c.Model)
	if err != nil {
		return nil, err
	}
	dir, err := f.tokenizer(ctx, at, c.Tokenizer)
	if err != nil {
		return nil, err
	}
	tok, err := c.loadFolder(dir)
	if err != nil {
		return nil, err
	}
	ids, err := tok.Encode(strings.TrimSuffix(fingerprintText, "\n"), false)
	if err != nil {
		return nil, err
	}
	list := []coreml.Arithmetic{coreml.Arithmetic(c.Arithmetic)}
	if list[0] == coreml.ArithmeticDefault {
		list = []coreml.Arithmetic{coreml.ArithmeticFaithful, coreml.ArithmeticWide, coreml.ArithmeticFast}
	}
	r := &fingerprintReport{Model: at.path, CPU: cpuName(), Architecture: runtime.GOARCH}
	for _, a := range list {
		if err := c.fingerprint(ctx, r, at, ids, a); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// fingerprint loads the model for one arithmetic and adds its fingerprint.
func (c *benchCmd) fingerprint(ctx context.Context, r *fingerprintReport, at place, ids []int, a coreml.Arithmetic) (err error) {
	cfg := c.config()
	cfg.Function, cfg.Engine, cfg.Arithmetic = c.Function, coreml.EnginePortable, a
	g, err := c.open(ctx, at, &generate.Config{Model: cfg, MaxStates: 1})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	ids = ids[:min(len(ids), c.FingerprintTokens, g.ContextLength())]
	info := g.Model().Info()
	r.Instructions, r.Threads, r.Tokens = info.Instructions, info.Threads, len(ids)
	prompt := promptQuarters * len(ids) / 4
	whole, err := logitsHash(ctx, g, ids, prompt, prompt)
	if err != nil {
		return err
	}
	p := fingerprint{Arithmetic: a.String(), SHA256: hex.EncodeToString(whole)}
	p.Short = p.SHA256[:shortDigits]
	// Fast arithmetic rounds inputs for each kernel as suits it.
	if a != coreml.ArithmeticFast {
		cut, err := logitsHash(ctx, g, ids, oddBlock, prompt)
		if err != nil {
			return err
		}
		p.SameInBlocks = new(string(cut) == string(whole))
	}
	r.Fingerprints = append(r.Fingerprints, p)
	return nil
}

// logitsHash feeds the first tokens, as many as the prompt has, in blocks and the
// others one by one, and hashes the logits behind every token in order.
func logitsHash(ctx context.Context, g *generate.Generator, ids []int, block, prompt int) ([]byte, error) {
	seq, err := g.NewSequence(ctx)
	if err != nil {
		return nil, err
	}
	defer seq.Close() //nolint:errcheck // what is given back was only read
	sum := sha256.New()
	var buf []byte
	visit := func(_ int, logits []float32) error {
		buf = writeFloats(sum, buf, logits)
		return nil
	}
	for at := 0; at < len(ids); {
		n := 1
		if at < prompt {
			n = min(block, prompt-at)
		}
		if err := seq.AppendRows(ctx, ids[at:at+n], visit); err != nil {
			return nil, err
		}
		at += n
	}
	return sum.Sum(nil), nil
}

// canonicalNaN stands for every NaN: which of them an instruction gives differs from
// one processor to the next.
const canonicalNaN = 0x7fc00000

// writeFloats hashes the bits of float32 numbers, the low byte first. It returns the
// buffer for the next call.
func writeFloats(h hash.Hash, buf []byte, v []float32) []byte {
	buf = buf[:0]
	for _, x := range v {
		bits := math.Float32bits(x)
		if x != x {
			bits = canonicalNaN
		}
		buf = binary.LittleEndian.AppendUint32(buf, bits)
	}
	_, _ = h.Write(buf) // a hash takes every write
	return buf
}

// write prints the report for people, or for programs.
func (r *fingerprintReport) write(w io.Writer, asJSON bool) error {
	if asJSON {
		return printJSON(w, r)
	}
	var t table
	t.row("model", r.Model)
	t.row("processor", r.CPU+", "+r.Instructions)
	t.row("threads", fmt.Sprint(r.Threads))
	t.row("text", fmt.Sprintf("%d tokens", r.Tokens))
	for _, p := range r.Fingerprints {
		t.row(p.Arithmetic, p.SHA256)
		if p.SameInBlocks != nil && !*p.SameInBlocks {
			t.row("", fmt.Sprintf("another one where the prompt comes in blocks of %d", oddBlock))
		}
	}
	_, err := fmt.Fprint(w, t.fit(w))
	return err
}

// failed reports whether a promise does not hold.
func (r *fingerprintReport) failed() bool {
	for _, p := range r.Fingerprints {
		if p.SameInBlocks != nil && !*p.SameInBlocks {
			return true
		}
	}
	return false
}
