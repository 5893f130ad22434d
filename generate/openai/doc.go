// Package openai serves language models over HTTP in the form of OpenAI's interface, and
// of Anthropic's for messages, which the clients of both and most tools around them speak.
//
// A [Handler] is an http.Handler over one or several models. It has the routes
//
//	GET  /v1/models, /v1/models/{id}
//	POST /v1/chat/completions, /v1/completions, /v1/responses
//	POST /v1/embeddings
//	POST /v1/messages, /v1/messages/count_tokens
//	POST /tokenize, /detokenize
//	GET  /health
//
// docs/api.md describes their fields. A field of a request that cannot be honoured is an
// error that names it, and one that is not known is left alone.
//
// How many answers are written at once, and how many requests wait for a state, is the
// generator's: generate.Config.MaxStates and MaxQueue. A request whose client goes away ends
// within a token, and a reader that takes nothing for [Config.WriteTimeout] is cut off; up
// to there an answer that nobody reads waits for room in a buffer of bounded size.
//
// What belongs to a server as a whole is not here: listening, TLS, limits on headers
// (http.Server.ReadHeaderTimeout and MaxHeaderBytes).
package openai
