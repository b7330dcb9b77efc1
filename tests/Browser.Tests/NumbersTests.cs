using FluentAssertions;
using Pipelines.Stages.Reporting;
using Xunit;

namespace Pipelines.Browser.Tests;

/// <summary>The script's numbers against those of the figures and the tables.</summary>
[Collection(BrowserTests.Name)]
public sealed class NumbersTests(Chromium chromium)
{
    private const int Drawn = 20_000;

    // Of a number that shows all of its 15 digits, decimal and script may round the last one differently
    private const int MostDigits = 7;

    private static readonly string Script = PageFile.Read("Explorer/numbers.js");

    [BrowserFact]
    public async Task Numbers_are_written_by_the_script_as_the_report_writes_them()
    {
        (double Value, int Decimals)[] numbers = [.. Numbers()];

        string[] written = await Each<string>(numbers, "([value, digits]) => fixed(value, digits)");

        Differences(numbers, written, n => Format.Fixed(n.Value, n.Decimals)).Should().BeEmpty();
        string[] known = await Each<string>(
            [(-0.0001, 3), (37.65, 1), (-37.65, 1), (1234567.5, 0)],
            "([value, digits]) => fixed(value, digits)"
        );
        known.Should().Equal("0.000", "37.7", "−37.7", "1\u202f234\u202f568");
    }

    [BrowserFact]
    public async Task Shares_counts_and_decimals_of_a_column_are_those_of_the_report()
    {
        (double Value, int Decimals)[] shares = [.. Numbers().Where(n => Math.Abs(n.Value) <= 1)],
            counts = [.. new[] { 0, 1, 2, 999, 1000, 20_480, 1_234_567 }.Select(n => ((double)n, 0))],
            greatest = [.. Numbers().Where(n => Math.Abs(n.Value) < 1e9)];

        string[] percents = await Each<string>(shares, "([value]) => percent(value)");
        string[] nouns = await Each<string>(counts, "([value]) => many(value, 'head')");
        int[] decimals = await Each<int>(greatest, "([value]) => decimalsOf([value / 3, value, NaN])");

        Differences(shares, percents, n => Format.Percent(n.Value)).Should().BeEmpty();
        Differences(counts, nouns, n => Format.Many((int)n.Value, "head")).Should().BeEmpty();
        Differences(greatest, decimals, n => Format.DecimalsOf([n.Value / 3, n.Value, double.NaN])).Should().BeEmpty();
    }

    /// <summary>Halves, numbers on both sides of zero and of 1,000, of every size, and none.</summary>
    private static IEnumerable<(double Value, int Decimals)> Numbers()
    {
        double[] odd = [0, -0.0, double.NaN, double.PositiveInfinity, double.NegativeInfinity, 0.1 + 0.2, 1e-9, -1e-9];
        var random = new Random(5);
        IEnumerable<double> values =
        [
            .. odd,
            .. Enumerable.Range(-2500, 5000).Select(i => i / 1000.0),
            .. Enumerable.Range(0, 2000).Select(i => (i + 0.5) / 20),
            .. Enumerable.Range(0, 2000).Select(i => -999 - (i / 1000.0)),
            .. Enumerable.Range(3, 12).Select(power => Math.Round(Math.PI * Math.Pow(10, power))),
            .. Enumerable.Range(0, Drawn).Select(_ => Any(random)),
        ];
        return values.SelectMany((value, i) => new[] { (value, i % 5), (value, (i + 2) % 5) });
    }

    private static double Any(Random random) =>
        (random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-8, MostDigits)) is var drawn && random.Next(2) == 0
            ? drawn
            : Math.Round(drawn, 1 + random.Next(4));

    /// <summary>What the script makes of each number.</summary>
    private async Task<T[]> Each<T>((double Value, int Decimals)[] numbers, string function)
    {
        await using OpenPage open = await chromium.OpenAsync(RunPages.Whole);
        return await open.Page.EvaluateAsync<T[]>(
            $"numbers => {{\n{Script}\nreturn numbers.map({function});\n}}",
            numbers.Select(n => new object[] { n.Value, n.Decimals }).ToArray()
        );
    }

    private static IEnumerable<string> Differences<T>(
        (double Value, int Decimals)[] numbers,
        T[] written,
        Func<(double Value, int Decimals), T> expected
    )
    {
        written.Should().HaveSameCount(numbers);
        return numbers
            .Zip(written)
            .Where(n => !Equals(n.Second, expected(n.First)))
            .Select(n => $"{Format.Exact(n.First.Value)}, {n.First.Decimals}: {n.Second}, not {expected(n.First)}");
    }
}
