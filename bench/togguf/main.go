// Command togguf converts the weights of a Llama or Mistral package into a GGUF
// file without loss, so that llama.cpp can be measured on the same numbers:
//
//	togguf -rope 10000 Model.mlpackage model.gguf
//
// It takes int4 and int8 weights in blocks of a multiple of 32 columns, and fp16.
// The vocabulary is made up: the file is for measurements, which feed token ids.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/gocoreml/coreml/bench/internal/decoder"
)

func main() {
	rope := flag.Float64("rope", 10000, "base of the rotary positions, which the package does not name")
	flag.Parse()
	if flag.NArg() != 2 {
		fmt.Fprintln(os.Stderr, "usage: togguf [-rope BASE] Model.mlpackage model.gguf")
		os.Exit(2)
	}
	if err := convert(flag.Arg(0), flag.Arg(1), *rope); err != nil {
		fmt.Fprintf(os.Stderr, "togguf: %v\n", err)
		os.Exit(1)
	}
}

// convert writes the default function's weights to a GGUF file.
func convert(from, to string, ropeBase float64) (err error) {
	d, err := decoder.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	f, err := newFile(d, ropeBase)
	if err != nil {
		return err
	}
	return f.write(to)
}
