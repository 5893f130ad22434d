package generate

import (
	"errors"

	"github.com/gocoreml/coreml/tokenizer"
)

var (
	// ErrContextFull: the tokens do not fit into the model's context. A stream
	// whose prompt fits but whose answer runs into the end of the context ends
	// with [FinishContext] instead.
	ErrContextFull = errors.New("context is full")
	// ErrNonFinite: the model's logits hold a NaN or +Inf, or leave no token that
	// could follow. The error's text names the step.
	ErrNonFinite = errors.New("logits are not finite")
	// ErrNoChatTemplate: messages were given to a tokenizer without a chat
	// template. It is the error of the same name in package tokenizer.
	ErrNoChatTemplate = tokenizer.ErrNoChatTemplate
	// ErrNoTokenizer: there is no tokenizer where one was looked for.
	ErrNoTokenizer = errors.New("no tokenizer found")
	// ErrDriver: the package's inputs and outputs are not understood, or a driver
	// file does not fit the package. The error's text says what to bind.
	ErrDriver = errors.New("package is not understood")
	// ErrConfig: a value of a [Config], [Options], [Sampling] or of a file that
	// stands for one of them is out of range.
	ErrConfig = errors.New("invalid configuration")
	// ErrClosed: the generator, session or sequence was closed.
	ErrClosed = errors.New("closed")
)
