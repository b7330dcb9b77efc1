namespace Pipelines.Domain;

/// <summary>Which answers become samples.</summary>
public enum AnswersUsed
{
    /// <summary>Right ones (paper); those that nothing judges, too.</summary>
    Right,

    /// <summary>Wrong ones.</summary>
    Wrong,

    /// <summary>Right, wrong and unknown ones.</summary>
    All,
}
