namespace Pipelines.Domain;

/// <summary>What of the model's output f is.</summary>
public enum TargetKind
{
    /// <summary>The logit of the answer's token minus the mean logit (paper, adjusted logit).</summary>
    Logit,

    /// <summary>The logit of the answer's token minus that of the counter-answer's.</summary>
    LogitDifference,

    /// <summary>The log-probability of the answer's token, over every stored row of the vocabulary.</summary>
    LogProbability,

    /// <summary>Its probability.</summary>
    Probability,

    /// <summary>The sum of the log-probabilities of the answer's tokens, teacher-forced.</summary>
    Sequence,
}

/// <summary>Whose words are measured.</summary>
public enum TargetOf
{
    /// <summary>The answer that the data hold.</summary>
    Answer,

    /// <summary>The model's own answer.</summary>
    ModelAnswer,
}

/// <summary>What they are measured against.</summary>
public enum TargetAgainst
{
    /// <summary>The mean logit of the vocabulary.</summary>
    Mean,

    /// <summary>The counter-answer that the data hold.</summary>
    CounterAnswer,
}
