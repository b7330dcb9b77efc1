namespace Pipelines.Domain;

/// <summary>How a file counts options that it names by numbers: a setting, never a guess.</summary>
public enum LetterBase
{
    /// <summary>0 is A.</summary>
    From0,

    /// <summary>1 is A.</summary>
    From1,
}
