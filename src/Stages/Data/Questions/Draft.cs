namespace Pipelines.Stages.Data.Questions;

/// <summary>A question while it is put together from a row.</summary>
internal sealed class Draft
{
    /// <summary>Row in the file.</summary>
    public long Row { get; set; }

    /// <summary>The file's own id.</summary>
    public string? Id { get; set; }

    /// <summary>What is asked; null where the row does not say.</summary>
    public string? Text { get; set; }

    /// <summary>Accepted answers, the measured one first; null where the row has none.</summary>
    public IReadOnlyList<string>? Answers { get; set; }

    /// <summary>What annotators said.</summary>
    public IReadOnlyList<string> Annotations { get; set; } = [];

    /// <summary>The answer that it is held against.</summary>
    public string? CounterAnswer { get; set; }

    /// <summary>Texts of the options, as shown.</summary>
    public IReadOnlyList<string> Options { get; set; } = [];

    /// <summary>What the row belongs to.</summary>
    public IReadOnlyList<string> Groups { get; set; } = [];

    /// <summary>The picture.</summary>
    public FoundPicture? Picture { get; set; }

    /// <summary>The pair's other picture.</summary>
    public FoundPicture? CounterPicture { get; set; }

    /// <summary>Why the row cannot be asked about, or null; the first reason stays.</summary>
    public string? LeftOut { get; private set; }

    /// <summary>Leaves the row out.</summary>
    public void LeaveOut(string reason) => LeftOut ??= reason;
}
