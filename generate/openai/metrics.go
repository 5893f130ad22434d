package openai

import "time"

// Metrics is told of requests.
type Metrics interface {
	// Done is called once a request is over, from any goroutine, and must not wait.
	Done(r RequestStats)
}

// RequestStats are the measures of a request.
type RequestStats struct {
	// Route is the path as the package's documentation writes it, such as
	// "/v1/chat/completions" or "/v1/models/{id}"; "other" for one that there is not.
	Route string
	// Model is the ID of a model that there is, with its adapter; else empty.
	Model string
	// Status is that of HTTP. A stream that failed half-way has the status that its error
	// would have had before.
	Status int
	// Cancelled says that the client went away.
	Cancelled bool
	// Duration is how long the request took, Queued how long of it prompts waited for a state
	// or their turn, and FirstToken how long after its beginning the first token was there;
	// both are 0 for requests without an answer.
	Duration, Queued, FirstToken time.Duration
	// PromptTokens is the number of tokens of the prompts; CachedTokens of them were not read
	// anew. Tokens is the number of tokens of the answers.
	PromptTokens, CachedTokens, Tokens int
	// TokenGaps are the times between the tokens of an answer, in their order, the first 65,536
	// of them.
	TokenGaps []time.Duration
}
