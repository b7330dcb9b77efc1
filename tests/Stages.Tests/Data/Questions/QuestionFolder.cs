using System.Text;
using FluentAssertions;
using Pipelines.Stages.Data;
using Pipelines.Stages.Data.Questions;

namespace Pipelines.Stages.Tests.Data.Questions;

/// <summary>A folder with files of questions and empty pictures, gone after the test.</summary>
internal sealed class QuestionFolder : IDisposable
{
    private readonly TemporaryFolder folder = new();

    /// <summary>Makes the folder.</summary>
    /// <param name="pictures">Pictures in it.</param>
    public QuestionFolder(params string[] pictures) => folder.Touch(pictures);

    public string Root => folder.Root;

    public string Path(string relative) => System.IO.Path.Combine(Root, relative);

    public string Write(string relative, string text) => folder.Write(relative, text);

    public string Write(string relative, byte[] bytes) => folder.Write(relative, bytes);

    /// <summary>Lines with a feed behind each.</summary>
    public string Lines(string relative, params string[] lines) => Write(relative, string.Join('\n', lines) + "\n");

    public QuestionSet Read(string file, Func<QuestionSource, QuestionSource>? with = null) => Read([file], with);

    public QuestionSet Read(string[] files, Func<QuestionSource, QuestionSource>? with = null)
    {
        var source = new QuestionSource { Files = [.. files.Select(Path)] };
        return QuestionReader.Read(with is null ? source : with(source));
    }

    public void Dispose() => folder.Dispose();

    /// <summary>Text in base64 that is as long as a small photograph's.</summary>
    public static string Base64(string bytes, int repeat = 1) =>
        Convert.ToBase64String(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(bytes, repeat))));
}

/// <summary>A row in a few words, to be compared.</summary>
internal static class Shortly
{
    public static Question Only(this QuestionSet set) => set.Rows.Should().ContainSingle().Subject.Question!;

    /// <summary>Sample id and reason of each row that is left out.</summary>
    public static IEnumerable<string> Reasons(this QuestionSet set) =>
        set.LeftOut.Select(r => $"{r.SampleId} {r.LeftOut}");
}
