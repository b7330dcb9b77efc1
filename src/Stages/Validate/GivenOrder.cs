using System.Globalization;
using System.Text.Json;
using Pipelines.Domain.Errors;
using Pipelines.Files;
using Pipelines.Spec;
using Pipelines.Stages.Attribution;
using Pipelines.Stages.Comparison;
using Pipelines.Stages.Storage;

namespace Pipelines.Stages;

/// <summary>An order of heads that does not come from the experiment's own passes: one for all samples.</summary>
/// <param name="Heads">Head numbers n = l*H + h, the most important first; all N.</param>
/// <param name="Scores">[N] by head number; null where the order has none for it.</param>
internal sealed record GivenOrder(IReadOnlyList<int> Heads, IReadOnlyList<double?> Scores)
{
    private const long LargestFile = 64 << 20;
    private const string FormOfLine =
        "A line is a JSON object such as { \"layer\": 17, \"head\": 5, \"score\": 0.31 }, or [[17, 5], 0.31].";

    /// <summary>Heads that whoever gave the order named; the others stand behind them, by layer and head.</summary>
    public int Named { get; init; } = Heads.Count;

    /// <summary>That the order ends before the heads do; null where it does not.</summary>
    public string? Shortfall =>
        Named == Heads.Count
            ? null
            : Invariant.Text(
                $"only {Named} of {Heads.Count} heads are named: the order of the others, by layer and head, says "
                    + $"nothing"
            );

    /// <summary>What the order depends on, for keys.</summary>
    public string Digest =>
        FileDigests.OfText(
            string.Join('\n', Heads.Select(n => $"{n} {Scores[n]?.ToString("R", CultureInfo.InvariantCulture)}"))
        );

    /// <summary>The order of the mean beta over a finished run's samples.</summary>
    /// <exception cref="InputException">No such run, or its heads are not this model's.</exception>
    public static GivenOrder Of(RunRanking ranking, RunFolders runs, int layers, int heads)
    {
        FinishedRun run = runs.Open(ranking.Run);
        IReadOnlyList<string> fits = run.FitStages;
        string stage = ranking.Stage ?? (fits.Count == 1 ? fits[0] : throw Unclear(run, fits));
        if (!fits.Contains(stage))
        {
            throw new InputException(
                run.Folder,
                $"the run has no regress stage '{stage}'.",
                fits.Count == 0 ? null : $"It has {string.Join(", ", fits)}."
            );
        }

        FitResults fit = run.Fit(stage);
        if ((fit.Layers, fit.Heads) != (layers, heads))
        {
            throw new InputException(
                run.Folder,
                Invariant.Text(
                    $"its model has {fit.Layers} x {fit.Heads} heads, this one {layers} x {heads}: its order cannot "
                        + $"be this one's."
                )
            );
        }

        double[][] betas = [.. fit.Beta.Values];
        if (betas.Length == 0)
        {
            throw new InputException(run.Folder, "the run has no sample, so no beta to order heads by.");
        }

        double[] mean = [.. Enumerable.Range(0, layers * heads).Select(n => betas.Average(b => b[n]))];
        return new GivenOrder(Ranking.ByScore(mean), [.. mean.Select(b => (double?)b)]);
    }

    /// <summary>The order of a file's lines, or of their scores.</summary>
    /// <exception cref="InputException">The file or a line is of no use; names the line.</exception>
    public static GivenOrder Of(FileRanking ranking, int layers, int heads)
    {
        string file = ranking.File.Full;
        List<(int Head, double? Score)> named = [.. Lines(file, layers, heads)];
        if (named.Count == 0)
        {
            throw new InputException(file, "the file names no head.", FormOfLine);
        }

        int scored = named.Count(n => n.Score is not null);
        if (scored > 0 && scored < named.Count)
        {
            throw new InputException(
                file,
                Invariant.Text($"{scored} of {named.Count} lines have a score: all must, or none.")
            );
        }

        IEnumerable<(int Head, double? Score)> first =
            scored == 0 ? named : named.OrderByDescending(n => n.Score).ThenBy(n => n.Head);
        var scores = new double?[layers * heads];
        foreach ((int head, double? score) in named)
        {
            scores[head] = score;
        }

        IEnumerable<int> others = Enumerable.Range(0, layers * heads).Except(named.Select(n => n.Head));
        return new GivenOrder([.. first.Select(n => n.Head), .. others], scores) { Named = named.Count };
    }

    private static IEnumerable<(int Head, double? Score)> Lines(string file, int layers, int heads)
    {
        var lineOf = new Dictionary<int, int>();
        int number = 0;
        foreach (string line in ReadLines(file))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
            {
                continue;
            }

            (int Head, double? Score) entry = Line(line, Invariant.Text($"{file}, line {number}"), layers, heads);
            if (!lineOf.TryAdd(entry.Head, number))
            {
                throw new InputException(
                    Invariant.Text($"{file}, line {number}"),
                    Invariant.Text(
                        $"names layer {entry.Head / heads}, head {entry.Head % heads} again; line "
                            + $"{lineOf[entry.Head]} has it."
                    )
                );
            }

            yield return entry;
        }
    }

    private static (int Head, double? Score) Line(string line, string where, int layers, int heads)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(
                line.TrimStart('\uFEFF'),
                new JsonDocumentOptions { MaxDepth = 4 }
            );
            if (IsPair(json.RootElement))
            {
                return Pair(json.RootElement, where, layers, heads);
            }

            if (json.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new InputException(where, "is not a JSON object.", FormOfLine);
            }

            if (
                json.RootElement.EnumerateObject().FirstOrDefault(p => p.Name is not ("layer" or "head" or "score")) is
                { Value.ValueKind: not JsonValueKind.Undefined } other
            )
            {
                throw new InputException(where, $"has the unknown field '{other.Name}'.", FormOfLine);
            }

            string[] names = [.. json.RootElement.EnumerateObject().Select(p => p.Name)];
            if (names.GroupBy(n => n, StringComparer.Ordinal).FirstOrDefault(n => n.Count() > 1) is { } again)
            {
                throw new InputException(where, $"has '{again.Key}' twice.", FormOfLine);
            }

            int layer = Field(json.RootElement, "layer", layers, where),
                head = Field(json.RootElement, "head", heads, where);
            double? score = null;
            if (
                json.RootElement.TryGetProperty("score", out JsonElement value)
                && value.ValueKind != JsonValueKind.Null
            )
            {
                score = Score(value, where);
            }

            return ((layer * heads) + head, score);
        }
        // Half a surrogate pair in a name is found when it is asked for
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InputException(where, "is not valid JSON.", $"{FormOfLine} NaN and Infinity are no JSON.", e);
        }
    }

    /// <summary>Whether a line is <c>[[layer, head], score]</c>, as <c>heads.jsonl</c> of a run has it.</summary>
    private static bool IsPair(JsonElement line) =>
        line.ValueKind == JsonValueKind.Array
        && line.GetArrayLength() == 2
        && line[0].ValueKind == JsonValueKind.Array
        && line[0].GetArrayLength() == 2;

    private static (int Head, double? Score) Pair(JsonElement line, string where, int layers, int heads)
    {
        int layer = Number(line[0][0], "layer", layers, where),
            head = Number(line[0][1], "head", heads, where);
        return ((layer * heads) + head, Score(line[1], where));
    }

    private static double Score(JsonElement value, string where) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double score) && double.IsFinite(score)
            ? score
            : throw new InputException(where, "'score' must be a finite number.", FormOfLine);

    private static int Field(JsonElement line, string field, int below, string where) =>
        Number(line.TryGetProperty(field, out JsonElement value) ? value : default, field, below, where);

    private static int Number(JsonElement value, string field, int below, string where) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= 0 && number < below
            ? number
            : throw new InputException(
                where,
                Invariant.Text($"'{field}' must be a whole number from 0 to {below - 1}."),
                FormOfLine
            );

    private static string[] ReadLines(string file)
    {
        try
        {
            return new FileInfo(file).Length <= LargestFile
                ? RegularFile.ReadAllLines(file)
                : throw new InputException(file, "the file is far larger than a list of heads is.", FormOfLine);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(file, $"the file cannot be read: {e.Message}", inner: e);
        }
    }

    private static InputException Unclear(FinishedRun run, IReadOnlyList<string> fits) =>
        fits.Count == 0
            ? new InputException(run.Folder, "the run has no regress stage, so no beta to order heads by.")
            : new InputException(
                run.Folder,
                $"the run has several regress stages: {string.Join(", ", fits)}.",
                $"Name one: {{ run: …, stage: {fits[0]} }}."
            );
}
