package generate

import (
	"image"
	"log/slog"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate/grammar"
	"github.com/gocoreml/coreml/tokenizer"
)

const (
	// DefaultMaxTokens is the number of tokens of an answer when neither the
	// caller nor generation_config.json limits it.
	DefaultMaxTokens = 256
	// DefaultPrefillChunk is the number of prompt tokens that one prediction
	// takes. The logits of a chunk are as many rows, so that its size bounds the
	// memory of a long prompt.
	DefaultPrefillChunk = 128
	// DefaultMaxStates is the number of sequences that a generator runs at once.
	DefaultMaxStates = 4
)

// Config is what belongs to a generator as a whole. A nil *Config is the same
// as a zero one.
type Config struct {
	// Model is passed to coreml.Load by [Open] and [OpenFS]; [New] does not use
	// it. Nil, or an Arithmetic of coreml.ArithmeticDefault, selects coreml.Fast:
	// what it costs of a model's quality is small (the README gives the figure).
	// coreml.Faithful and coreml.Wide cost nothing.
	Model *coreml.Config
	// Tokenizer is the folder of the tokenizer or its tokenizer.json. Empty means
	// the folder in which the package lies. OpenFS takes it as a folder of its
	// file system.
	Tokenizer string
	// Loader says how Open and OpenFS load the tokenizer; nil means as
	// [tokenizer.Load] does.
	Loader *tokenizer.Loader
	// NoTokenizer makes Open and OpenFS look for no tokenizer: the generator gives
	// sequences only, as one of [New] without a tokenizer.
	NoTokenizer bool
	// Driver overrides what is detected; its empty fields are detected as usual.
	// Nil means the driver file beside the package, if there is one, for Open and
	// OpenFS, and none for New.
	Driver *Driver
	// Defaults are the model's own defaults. Nil means generation_config.json
	// beside the package, else beside the tokenizer, for Open and OpenFS, and
	// none for New.
	Defaults *Defaults
	// PrefillChunk is the number of prompt tokens per prediction. 0 means
	// [DefaultPrefillChunk]; -1, or a number not below the prompt's length, means
	// the whole prompt in one prediction. Fewer are taken where the package's
	// declared shapes ask for it.
	PrefillChunk int
	// MaxStates is the number of sequences at once, of all functions together; 0 means [DefaultMaxStates]. Each
	// costs the memory of a state, and up to eight that decode at the same time share
	// a pass over the weights: a server gains from more than one.
	MaxStates int
	// MaxStateBytes bounds the memory of all states together, those included that are kept for
	// the next sequence; 0 means that MaxStates alone does. A function of which one state
	// takes more is refused.
	MaxStateBytes int64
	// ReuseStates keeps what states hold when their answers have ended, and lets an answer
	// whose prompt shares a beginning with one of them read the rest alone; a beginning that
	// others may go on from is copied. Nothing else is to be done for it, and
	// [Stats.CachedTokens] tells of it. Whose answer it was does not matter: a time to the
	// first token tells what others have asked. Under coreml.Faithful and coreml.Wide an
	// answer is the same to the bit. Under coreml.Fast it is for a prompt that comes again,
	// but a token that was written differs in its last bits from one that was read, so that
	// the next turn of a conversation may depend on what was there, as in a [Session]. Texts
	// with pictures are read anew.
	ReuseStates bool
	// IdleStates is how many states ReuseStates keeps so beside those in use, the ones that
	// were used last; 0 means as many as MaxStates. MaxStateBytes bounds them too.
	IdleStates int
	// MaxQueue is how many callers may wait for a state; one more fails at once with a
	// [*QueueError]. 0 means any number.
	MaxQueue int
	// Logger is told of requests: when one waits, begins and ends, at levels Debug and
	// Info, and Warn where it fails. Nil means that nothing is logged. See
	// [Generator.Stats] for sums.
	Logger *slog.Logger
	// Tracer is told of requests and their parts as spans; nil for none.
	Tracer Tracer
	// Chat is what [Options.Chat] is where that is nil.
	Chat *tokenizer.ChatOptions
	// Speculation is what [Options.Speculation] is where that is nil.
	Speculation *Speculation
	// Draft is a smaller model that drafts for this one ([Speculation]): one that was
	// trained with the same tokenizer, which is compared. It stays the caller's, who
	// closes it after this generator, and may serve others at the same time. Each sequence
	// or session that it drafts for takes one of its states, if one is free.
	Draft *Generator
}

// Options is what one call of a generator asks for. A nil *Options is the same as
// a zero one.
type Options struct {
	// Function is the function of the package that answers, such as an adapter: one of
	// [Generator.Functions]. Empty means the one that the generator was opened for, and
	// in a [Session] the one of its last answer. It is loaded, with a driver of its own,
	// when it is first asked for, and shares the weights that are mapped already. Each
	// sequence has one function, and caches are never shared between two. A name that
	// the package lacks gives a [*FunctionError].
	Function string
	// Adapters are low-rank adapters that are applied to the function, all of them together;
	// the portable engine does that. Nil means those of [Config.Model], and in a [Session]
	// those of its last answer; an empty list means none. Like a function they are loaded
	// when they are first asked for and stay loaded; the model's weights are shared. Another
	// scale is another adapter, and a generator takes 64 combinations of functions, adapters
	// and scales in all. Sequences with different ones run side by side, each step by
	// itself, and caches are never shared between them. A folder that is changed later is not
	// read again.
	Adapters []coreml.Adapter
	// MaxTokens limits the answer, the end token included. 0 means
	// max_new_tokens of generation_config.json, else [DefaultMaxTokens]; -1 means
	// as many as the context holds.
	MaxTokens int
	// Sampling says how tokens are chosen. Nil means as generation_config.json
	// says, and the likeliest token where it says nothing. To change one setting
	// of the model's own, change the copy that [Generator.DefaultSampling] returns.
	Sampling *Sampling
	// LogProbs asks for the logarithms of the tokens' probabilities, and of as many of
	// the likeliest tokens at each step, up to [MaxLogProbs]; -1 asks for those of the
	// tokens alone. 0 is off.
	LogProbs int
	// Guidance leads the answer away from another prompt. Nil is off.
	Guidance *Guidance
	// Stop lists strings that end the answer as soon as they appear in it. They
	// are not part of the text.
	Stop []string
	// EndTokens are ids that end the answer besides the model's own.
	EndTokens []int
	// IgnoreEnd goes on after the model's end tokens; EndTokens still hold.
	IgnoreEnd bool
	// Processors change the logits of every step, in their order, after all biases and
	// penalties of Sampling and before its temperature.
	Processors []Processor
	// Images are the pictures of the prompt, one for each placeholder in it (or for
	// as many of them in a row as a picture takes), in their order. A [Session] keeps
	// those of its earlier turns: a turn is given those of its own messages. Each is
	// of a size that [Generator.ImageInput] takes; transparency is left out. Other
	// numbers of pictures than of places, and pictures for a model that takes none,
	// are errors that wrap [ErrConfig]; where it is not known which token is the
	// placeholder ([ImageStage.Token]) the error is a [*DriverError]. They are read
	// before the first token and not kept.
	Images []image.Image
	// Grammar says which texts the answer may be: package grammar makes one of a
	// regular expression, a JSON schema, a grammar or a list of choices. What may not
	// follow is ruled out at every step, behind the penalties and Processors and before the
	// sampler, and the answer ends where nothing more may follow. When the tokens that
	// are left become few, it is led to an end in time; where that is not possible, or a
	// stop string cuts it, the error is [ErrIncomplete] behind the last token. The text is
	// the bytes of the tokens as they are: spaces that the tokenizer would clean up stay.
	// Where the prompt opens the model's thinking, the grammar begins behind it; an answer
	// under a grammar is not searched for calls of tools. With one, batches, sessions and
	// streams work as without. Nil means any text.
	Grammar *grammar.Grammar
	// Sampler chooses the token in place of the built-in sampler. Of Sampling
	// only what comes before the temperature applies then. Nil means the built-in one.
	Sampler Sampler
	// Priority says who is served first where not all can be: callers of a higher one get
	// a state, and have their prompts read, before those of lower ones, who may wait as
	// long as there are such. Among equals it is the order of arrival. Answers that are
	// being written share their steps whatever their priority. 0 is the middle; negative
	// ones are lower.
	Priority int
	// Speculation drafts several tokens at a time and verifies them together, which
	// changes how fast an answer is written and not what it is. Nil means
	// [Config.Speculation], and without that nothing is drafted.
	Speculation *Speculation
	// Tools describe the functions that the model may call, each as the JSON
	// schema object that the chat template expects (tokenizer.ChatOptions.Tools).
	// With any, the calls in an answer come in Token.Calls instead of its text,
	// where the template tells how the model writes them
	// (tokenizer.Tokenizer.ToolFormat). Without any, a call stays text; thinking and
	// the channels that some models write are told apart from the text all the same
	// (tokenizer.Tokenizer.NewToolParser). Tools mean nothing without a chat
	// template, and fail with [ErrNoTools] where that knows none.
	Tools []any
	// ToolChoice says which of Tools the answer calls: [ToolAuto] leaves it to the model,
	// [ToolNone] is an answer without a call, whose prompt does not name the tools,
	// [ToolRequired] is one call of any of them, and any other text is the name of the one
	// that is called. A call that is required is written in the form of the chat template
	// and its arguments fit the function's schema ([grammar.JSONSchema]; what that cannot
	// compile is an error that names it). Templates whose calls are not JSON, such as those
	// of Python and of tags, have none that can be required: the error wraps [ErrConfig].
	// Thinking that the prompt opens comes before the call.
	ToolChoice string
	// Chat is what the chat template is given besides the messages: its variables,
	// such as enable_thinking or documents, another template by its name, the
	// clock, and what is done about control tokens in the messages. Nil means
	// [Config.Chat]. AddGenerationPrompt is set unless ContinueFinalMessage is,
	// with which the answer goes on with the last message; a [Session], whose
	// answers are messages of their own, refuses that. The tools are those above.
	// Another template also says how calls and thinking are read in the answer, and
	// how a session writes them into the next prompt.
	// A session uses what each Send is given: a clock that stands still, and
	// variables that stay the same, keep its cache of the earlier turns.
	Chat *tokenizer.ChatOptions
	// Overflow says what is done with a text that is longer than the model's context; the
	// zero value refuses it.
	Overflow Overflow
	// KeepTokens is the number of tokens at the beginning that [OverflowSlide] keeps, at
	// most half of the context. 0 means the system messages of a conversation, and 4
	// where there are none.
	KeepTokens int
	// ReasoningBudget bounds the thinking of an answer to messages, in tokens without the
	// marks around it. When it is spent the mark that ends thinking is put into the answer,
	// as if the model had written it, and the model goes on from there. 0 means no bound,
	// and -1 that thinking ends as soon as it is opened. It counts for models whose
	// thinking is told apart (Token.Reasoning), and means nothing for others.
	ReasoningBudget int
}

// validate refuses what cannot be asked of a model with width logits; 0 means
// that the number is not known.
func (o *Options) validate(width int) error {
	if o.MaxTokens < -1 {
		return configErrorf("MaxTokens", "is %d, want 1 or more, 0 for the default, or -1 for as many as the context holds", o.MaxTokens)
	}
	if err := checkIDs(o.EndTokens, width, "EndTokens"); err != nil {
		return err
	}
	for i, p := range o.Processors {
		if p == nil {
			return configErrorf("Processors", "number %d is nil", i)
		}
	}
	if o.Chat != nil && o.Chat.Tools != nil {
		return configErrorf("Chat.Tools", "is not used, want Tools")
	}
	if o.LogProbs < -1 || o.LogProbs > MaxLogProbs {
		return configErrorf("LogProbs", "is %d, want 0 (off), 1 to %d, or -1 for the tokens' own alone", o.LogProbs, MaxLogProbs)
	}
	if err := o.Guidance.validate(width); err != nil {
		return err
	}
	if o.ReasoningBudget < -1 {
		return configErrorf("ReasoningBudget", "is %d, want 1 or more, 0 for no bound, or -1 for no thinking at all", o.ReasoningBudget)
	}
	if err := o.validateOverflow(); err != nil {
		return err
	}
	if err := o.validateToolChoice(); err != nil {
		return err
	}
	if err := o.Speculation.validate("Speculation"); err != nil {
		return err
	}
	if o.Sampling != nil {
		return o.Sampling.validate(width)
	}
	return nil
}

// validate refuses values out of range.
func (c *Config) validate() error {
	switch {
	case c.MaxStates < 0:
		return configErrorf("MaxStates", "is %d, want 1 or more, or 0 for %d", c.MaxStates, DefaultMaxStates)
	case c.MaxStateBytes < 0:
		return configErrorf("MaxStateBytes", "is %d, want 1 or more, or 0 for no bound", c.MaxStateBytes)
	case c.IdleStates < 0:
		return configErrorf("IdleStates", "is %d, want 1 or more, or 0 for as many as MaxStates", c.IdleStates)
	case c.IdleStates > 0 && !c.ReuseStates:
		return configErrorf("IdleStates", "is %d, but nothing is kept without ReuseStates", c.IdleStates)
	case c.MaxQueue < 0:
		return configErrorf("MaxQueue", "is %d, want 1 or more, or 0 for no bound", c.MaxQueue)
	case c.PrefillChunk < -1:
		return configErrorf("PrefillChunk", "is %d, want 1 or more, 0 for %d, or -1 for the whole prompt", c.PrefillChunk, DefaultPrefillChunk)
	case c.NoTokenizer && (c.Tokenizer != "" || c.Loader != nil):
		return configErrorf("NoTokenizer", "is true beside a Tokenizer or a Loader")
	case c.Chat != nil && c.Chat.Tools != nil:
		return configErrorf("Chat.Tools", "is not used, want Options.Tools")
	}
	if err := c.Speculation.validate("Speculation"); err != nil {
		return err
	}
	if c.Defaults == nil {
		return nil
	}
	if c.Defaults.MaxTokens < 0 {
		return configErrorf("Defaults.MaxTokens", "is %d, want 0 or more", c.Defaults.MaxTokens)
	}
	if c.Defaults.Sampling != nil {
		return c.Defaults.Sampling.validate(0)
	}
	return nil
}

// chunk returns the greatest number of tokens in one forward pass.
func (c *Config) chunk() int {
	switch {
	case c.PrefillChunk == 0:
		return DefaultPrefillChunk
	case c.PrefillChunk < 0:
		return maxContext
	}
	return c.PrefillChunk
}

// states returns the number of sequences at once.
func (c *Config) states() int {
	if c.MaxStates == 0 {
		return DefaultMaxStates
	}
	return c.MaxStates
}

// idle returns the number of states that are kept with what they hold.
func (c *Config) idle() int {
	if c.IdleStates == 0 {
		return c.states()
	}
	return c.IdleStates
}
