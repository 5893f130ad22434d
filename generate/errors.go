package generate

import (
	"errors"

	"github.com/gocoreml/coreml/tokenizer"
)

var (
	// ErrContextFull means that the tokens do not fit into the model's context.
	// A stream whose prompt fits but whose answer runs into the end of the
	// context ends with [FinishContext] instead.
	ErrContextFull = errors.New("context is full")
	// ErrNonFinite means that the model's logits hold a NaN or +Inf, or leave no
	// token that could follow. The error's text names the step.
	ErrNonFinite = errors.New("logits are not finite")
	// ErrNoChatTemplate means that messages were given to a tokenizer without a
	// chat template. It is the error of the same name in package tokenizer.
	ErrNoChatTemplate = tokenizer.ErrNoChatTemplate
	// ErrNoTokenizer means that there is no tokenizer where one was looked for.
	ErrNoTokenizer = errors.New("no tokenizer found")
	// ErrDriver means that the package's inputs and outputs are not understood,
	// or that a driver file does not fit the package. The error's text says what
	// to bind.
	ErrDriver = errors.New("package is not understood")
	// ErrConfig means that a value is out of range, in a [Config], an [Options], a
	// [Sampling], an argument, or a file that stands for one of them.
	ErrConfig = errors.New("invalid configuration")
	// ErrClosed means that the generator, session or sequence was closed.
	ErrClosed = errors.New("closed")
)
