namespace Pipelines.Domain;

/// <summary>The set over which the mean logit is taken.</summary>
public enum LogitMean
{
    /// <summary>Every row of the unembedding, padding rows included: a plain mean of the logits.</summary>
    Rows,

    /// <summary>Only rows that a token of the tokenizer has.</summary>
    Tokens,
}
