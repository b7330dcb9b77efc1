namespace Pipelines.Domain;

/// <summary>When an answer counts as right.</summary>
public enum AnswerMatch
{
    /// <summary>
    /// It is the category: case, punctuation and plurals aside, synonyms accepted (the paper's rule).
    /// </summary>
    Category,

    /// <summary>It is the expected text: blanks at the ends, case and a final point aside.</summary>
    Exact,

    /// <summary>Its first words are the expected ones.</summary>
    FirstWord,

    /// <summary>It holds the expected words, whole and in order.</summary>
    Contains,

    /// <summary>It says yes or no as expected; anything else is unknown.</summary>
    YesNo,

    /// <summary>It names the letter of the expected option; anything else is unknown.</summary>
    Letter,

    /// <summary>VQA accuracy as the official evaluator computes it.</summary>
    VqaOfficial,

    /// <summary>VQA accuracy with both sides normalised once, always.</summary>
    VqaNormalised,

    /// <summary>Nothing is judged.</summary>
    None,
}
