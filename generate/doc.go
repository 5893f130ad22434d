// Package generate writes text with a Core ML language model.
//
//	g, err := generate.Open(ctx, "Model.mlpackage", nil)
//	if err != nil {
//		return err
//	}
//	defer g.Close()
//	for tok, err := range g.Stream(ctx, "Once upon a time", &generate.Options{MaxTokens: 64}) {
//		if err != nil {
//			return err
//		}
//		fmt.Print(tok.Text)
//	}
//
// A [Generator] joins a model, its tokenizer and its [Driver]: the knowledge of
// what the package's inputs mean. [Detect] finds the driver in the package's own
// description; a file driver.json beside the package can name what detection
// cannot know.
//
// # Choosing
//
// [Generator.Stream] and [Generator.Generate] continue a text. [Generator.Batch] answers many.
// [Generator.Chat] answers a list of messages through the tokenizer's chat
// template, and a [Session] is a conversation that keeps the model's cache from
// turn to turn. A [Sequence] is the level below: it takes token ids and gives
// logits.
//
// # Pictures
//
// Options.Images are the pictures of a prompt, one for each placeholder in it, for
// models with a package that makes rows of them ([ImageStage]).
//
// # Sampling
//
// Options.Sampling follows Hugging Face's definitions and order: biases and penalties,
// what rules tokens out, the caller's processors, temperature, and what narrows the
// choice, such as top-k, top-p and min-p; docs/generation.md has the whole list. Without
// it the model's generation_config.json decides, and without that the likeliest
// token is taken. The same seed gives the same tokens on every run.
// [Generator.DefaultSampling] returns the model's own settings to start from, and
// Stats.Loop tells of an answer that repeats itself.
//
// Options.LogProbs tells how likely the tokens of an answer were, and [Generator.Score] those
// of a given text. [Generator.Answers] gives several answers to a prompt that is read
// once, [Generator.BeamSearch] the likeliest ones as a whole, and Options.Guidance leads an
// answer away from another prompt.
//
// # Tools
//
// With Options.Tools a chat model is told of functions that it may call. Its calls
// come in Token.Calls as soon as each is whole, apart from the text; what they
// return goes back with [Session.SendMessages]:
//
//	opts := &generate.Options{Tools: []any{weather}} // a JSON schema object
//	r, err := generate.Collect(session.Send(ctx, "Is it warm in Seville?", opts))
//	for err == nil && len(r.Calls) > 0 {
//		var results []tokenizer.Message
//		for _, call := range r.Calls {
//			results = append(results, tokenizer.Message{
//				Role: "tool", Content: answer(call.Name, call.Arguments),
//				Extra: map[string]any{"name": call.Name, "tool_call_id": call.ID},
//			})
//		}
//		r, err = generate.Collect(session.SendMessages(ctx, results, opts))
//	}
//
// Options.ToolChoice requires a call, whose arguments fit the function's schema.
//
// # Structured answers
//
// Options.Grammar binds an answer to a regular expression, a JSON schema, a grammar or a
// choice of texts, which package grammar compiles:
//
//	yes, err := grammar.Choice("yes", "no")
//	r, err := g.Generate(ctx, "Is the sky blue?", &generate.Options{Grammar: yes})
//
// # Chat templates
//
// Options.Chat, and Config.Chat where that is nil, has what the model's chat
// template is given besides the messages: variables that it asks for, another of
// the tokenizer's templates by its name, and the clock. With SanitizeControlTokens
// nothing that a user writes can end a message or begin one:
//
//	opts := &generate.Options{Chat: &tokenizer.ChatOptions{
//		Extra:                 map[string]any{"enable_thinking": false},
//		SanitizeControlTokens: true,
//	}}
//
// # Functions of one package
//
// A package may have several functions over the same weights: a base model and its
// adapters, or variants. [Options.Function] chooses one for each request, and
// [Generator.Functions] lists them. What nobody asks for is not loaded, and what is
// shares the weight files that are mapped already. A function has a driver, a context
// and states of its own; Config.MaxStates bounds those of all functions together. A
// session keeps the function of its first answer.
//
//	for _, adapter := range []string{"poet", "coder"} {
//		r, err := generate.Collect(g.Stream(ctx, "Spring", &generate.Options{Function: adapter}))
//		...
//	}
//
// # Conversations
//
// A [Session] can be forked, taken back, saved to a file and restored ([Session.Fork],
// [Session.Rewind], [Session.SaveFile], [Generator.RestoreSessionFile]), and an answer
// that was cut goes on with [Session.Continue]. [Generator.NewPrefix] reads a beginning
// once for all texts that have it, [Sessions] keeps conversations by name, and
// [Options.Overflow] says what is done with a text that outgrows the context. With
// [Config.ReuseStates] conversations that are sent as a whole each time are not read again
// either.
//
// # Thinking
//
// Token.Kind tells thinking and calls from the answer, and [Options.ReasoningBudget]
// bounds the one. Token.CallText shows a call as it grows.
//
// # Speculation
//
// With [Options.Speculation] tokens are drafted, from the text itself or by a smaller
// model ([Config.Draft]), and several are verified in one prediction. It writes the same
// text with the same seed, and is used where it was measured to be faster.
//
// # Concurrency and memory
//
// A Generator may be used from any number of goroutines. Each stream takes a
// state of its own, of which there are at most Config.MaxStates, and of
// Config.MaxStateBytes together; a further stream waits for one, or for its context to
// end: those of a higher [Options.Priority] before others, and of equals the first to
// come. Config.MaxQueue bounds how many wait. The state comes back when the
// stream ends, however it does: by a break, an error, a panic or the end of its
// context. A Session and a Sequence hold their state until they are closed, and
// serve one call at a time; a second one fails with [ErrBusy]. A state that a
// panic of the model left half-written is not used again. Panics go on in the goroutine of
// the call that they end ([PanicError]).
//
// Steps of one token that several streams, sessions or sequences want at the same time
// are made together where the engine gains by it, as the portable one does: up to eight
// share one pass over the weights. Nothing is to be set for it. Each stream's text is
// the same as alone, and one that is alone waits for nobody; one in company waits at
// most for the step that the others are in, and where it is cancelled in the midst of a
// common step it ends with that. A prompt is never made together with another: prompts
// are read by turns, a chunk of Config.PrefillChunk tokens at a time. Who comes behind long
// prompts waits for the chunk that is being read and has the next one, so that a short
// prompt's first token comes within the time of two chunks.
//
// [Generator.Stats] tells what is going on; Config.Logger and Config.Tracer are told of
// each answer.
//
// A nil context counts as [context.Background] everywhere.
//
// # Interrupting a chat
//
// A context that ends, as one of signal.NotifyContext does at Ctrl-C, is an error:
// a [Session] takes the turn back, question and answer, so that the same Send can
// be tried again. A program that wants to keep what was written so far leaves the
// loop by a break instead, and the partial answer becomes a message:
//
//	for tok, err := range session.Send(context.Background(), text, nil) {
//		if err != nil {
//			return err
//		}
//		fmt.Print(tok.Text)
//		if interrupted.Err() != nil { // of signal.NotifyContext
//			break
//		}
//	}
//
// # Errors
//
// A stream yields its error once, as its last pair. Cancelling the context ends
// a stream within one token with the context's error. What can be refused is
// refused before anything is run, and leaves the state as it was: values out of
// range ([ConfigError]), functions that the package lacks ([FunctionError]), ids that are no tokens of the model ([TokenError]), a
// prompt that is too long ([ContextError]), a tokenizer of another model
// ([VocabularyError]), and packages that write no text or whose driver file
// contradicts them ([DriverError]).
package generate
