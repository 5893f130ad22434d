// Command coreml runs Core ML language models: it continues text, shows what a
// package holds, compares a package with recorded answers and engines with each
// other, makes single predictions and measures.
//
//	coreml generate "Once upon a time"
//	coreml inspect Model.mlpackage
//	coreml check DIR
//	coreml verify Model.mlpackage
//	coreml doctor
//	coreml predict Model.mlpackage --input x=x.npy --output out.safetensors
//	coreml bench Model.mlpackage
//	coreml synth --shape tiny Tiny.mlpackage
//
// Text goes to standard output and everything else to standard error. It exits
// with 1 after an error, with 2 when it is called wrongly and with 130 when it is
// interrupted.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second interrupt ends the program at once.
	context.AfterFunc(ctx, stop)
	ignorePipeSignal()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// streams are the standard streams of one call.
type streams struct {
	in       io.Reader
	out, err io.Writer
}
