using Pipelines.Domain;

namespace Pipelines.Stages.Data.Questions;

/// <summary>What some files of questions hold.</summary>
/// <param name="Rows">
/// Rows that can be asked about, in file order. The sample id is <c>file.json:ROW</c>, with as much of the folders
/// before it as tells files of one name apart; <see cref="DataItem.Gone"/> is set where the named picture is not on
/// disk.
/// </param>
/// <param name="LeftOut">Rows that cannot, each with its reason.</param>
/// <param name="Files">The files in the order in which they were read.</param>
/// <param name="Format">The format that was taken.</param>
/// <param name="Why">Why, one sentence.</param>
/// <param name="Notes">What a person ought to know, a sentence each.</param>
internal sealed record QuestionSet(
    IReadOnlyList<DataItem> Rows,
    IReadOnlyList<DataItem> LeftOut,
    IReadOnlyList<QuestionFile> Files,
    QuestionFormat Format,
    string Why,
    IReadOnlyList<string> Notes
);

/// <summary>A file of questions.</summary>
/// <param name="Name">As it stands in sample ids.</param>
/// <param name="FullPath">Where it lies here.</param>
/// <param name="Rows">Its rows, those left out included.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Role">What it is: questions, annotations or pairs.</param>
internal sealed record QuestionFile(string Name, string FullPath, long Rows, long Bytes, string Role = "questions");
