using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using DuckDB.NET.Data;
using FluentAssertions;
using Pipelines.Stages.Storage;
using Xunit;

namespace Pipelines.Host.Tests.WholeRuns;

/// <summary>What docs/read-results.md says of reading results, done; and the files that it names, as others read them.
/// </summary>
public sealed partial class ReadResultsTests(ReadResultsTests.Run run) : IClassFixture<ReadResultsTests.Run>
{
    private const string RunInDocs = "artifacts/runs/quickstart";

    private static readonly string Page = File.ReadAllText(
        Path.Combine(HostProcess.RepositoryRoot, "docs", "read-results.md")
    );

    [Fact]
    public void DuckDB_answers_every_query()
    {
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        string[] queries = [.. Blocks("sql")];
        queries.Should().HaveCountGreaterThan(2);
        foreach (string query in queries)
        {
            using var command = connection.CreateCommand();
#pragma warning disable CA2100 // the documentation's own text
            command.CommandText = query;
#pragma warning restore CA2100
            using var reader = command.ExecuteReader();
            reader.Read().Should().BeTrue(query);
        }
    }

    [Theory]
    [InlineData("")]
    public void Python_alone_reads_the_list_of_heads(string packages) => RunPython(packages);

    [PythonTheory("numpy")]
    [InlineData("numpy")]
    public void NumPy_reads_the_head_vectors(string packages) => RunPython(packages);

    [PythonTheory("pandas")]
    [InlineData("pandas")]
    public void Pandas_reads_the_twins(string packages) => RunPython(packages);

    [PythonTheory("numpy", "pandas", "pyarrow")]
    [InlineData("numpy pandas pyarrow")]
    public void Pandas_reads_parquet(string packages) => RunPython(packages);

    [PythonTheory("polars")]
    [InlineData("polars")]
    public void Polars_reads_parquet(string packages) => RunPython(packages);

    [PythonTheory("duckdb")]
    [InlineData("duckdb")]
    public void DuckDB_in_Python_reads_parquet(string packages) => RunPython(packages);

    [RFact]
    public void R_reads_the_twins() => RunR(Blocks("r").Single(b => !b.Contains("library(", StringComparison.Ordinal)));

    [RFact("arrow")]
    public void Arrow_in_R_reads_parquet() =>
        RunR(Blocks("r").Single(b => b.Contains("library(arrow)", StringComparison.Ordinal)));

    [Fact]
    public void Every_block_in_Python_is_run_by_one_of_these_tests()
    {
        string[] tested =
        [
            .. typeof(ReadResultsTests)
                .GetMethods()
                .SelectMany(m => m.GetCustomAttributes(typeof(InlineDataAttribute), inherit: false))
                .SelectMany(a => ((InlineDataAttribute)a).GetData(null!))
                .Select(d => (string)d[0]),
        ];
        Blocks("python").Select(PackagesOf).Should().BeSubsetOf(tested).And.OnlyHaveUniqueItems();
    }

    [Fact]
    public void Head_vectors_are_the_attribution_in_the_order_of_the_fits()
    {
        byte[] file = File.ReadAllBytes(Path.Combine(run.Tables, "head_vectors.npy"));
        file[..8].Should().Equal([0x93, .. "NUMPY"u8.ToArray(), 1, 0]);
        int header = 10 + BitConverter.ToUInt16(file, 8);
        (header % 64).Should().Be(0);
        System
            .Text.Encoding.ASCII.GetString(file[10..header])
            .Should()
            .MatchRegex(@"^\{'descr': '<f8', 'fortran_order': False, 'shape': \(2, 64\), \} *\n$");
        double[] vectors = [.. Enumerable.Range(0, 128).Select(i => BitConverter.ToDouble(file, header + (8 * i)))];
        file.Should().HaveCount(header + (8 * 128));
        string[] order = [.. Column("fits", "sample_id").Select(id => (string)id)];
        object[] expected =
        [
            .. order.SelectMany(id =>
                Values(
                    $"select beta from '{run.Tables}/attribution.parquet' where sample_id = '{id}' order by layer, head"
                )
            ),
        ];
        vectors.Should().Equal(expected.Cast<double>());
    }

    [PythonTheory("numpy")]
    [InlineData("numpy")]
    public void NumPy_sees_the_matrix_that_was_written(string packages)
    {
        packages.Should().NotBeEmpty();
        using var folder = new TemporaryFolder();
        string file = Path.Combine(folder.Path, "m.npy");
        foreach (var (rows, columns) in ((int, int)[])[(3, 2), (1, 1000), (0, 5)])
        {
            NpyFile.Write(
                file,
                [
                    .. Enumerable
                        .Range(0, rows)
                        .Select(r => Enumerable.Range(0, columns).Select(c => r + (c / 7.0)).ToArray()),
                ],
                columns
            );
            Interpreter
                .Python(
                    $"""
                    import numpy as np
                    m = np.load({Literal(file)})
                    assert m.shape == ({rows}, {columns}) and m.dtype == '<f8' and m.flags['C_CONTIGUOUS'], m
                    r, c = np.indices(m.shape)
                    assert (m == r + c / 7.0).all()
                    np.load({Literal(file)}, mmap_mode='r')
                    print('same')
                    """
                )
                .Should()
                .Be("same\n");
        }
    }

    [Fact]
    public void The_list_of_heads_is_by_mean_beta_and_an_order_that_a_run_takes()
    {
        string file = Path.Combine(run.Tables, "heads.jsonl");
        var heads = File.ReadLines(file)
            .Select(line => JsonNode.Parse(line)!.AsArray())
            .Select(a => (Layer: (int)a[0]![0]!, Head: (int)a[0]![1]!, Score: (double)a[1]!))
            .ToList();
        heads.Should().HaveCount(64).And.OnlyHaveUniqueItems().And.BeInDescendingOrder(h => h.Score);
        object[] best =
        [
            .. Values($"select avg(beta) from '{run.Tables}/attribution.parquet' group by layer, head order by 1 desc"),
        ];
        heads
            .Select(h => h.Score)
            .Zip(best.Cast<double>())
            .Should()
            .OnlyContain(p => Math.Abs(p.First - p.Second) < 1e-12);
        using var experiment = SmallExperiment.AfterRun();
        string copy = Path.Combine(Path.GetDirectoryName(experiment.Spec)!, "heads.jsonl");
        File.Copy(file, copy);
        experiment.Run("--set", $"stages.validation.rank_by=[head-attribution, {{ file: {copy} }}]");
        File.ReadAllText(Path.Combine(experiment.RunFolder, "tables", "validation.csv"))
            .Should()
            .Contain("heads.jsonl");
    }

    [PythonTheory("numpy", "matplotlib")]
    [InlineData("experiments/notebooks/figure-2.ipynb")]
    public void The_notebook_draws_its_figure(string notebook)
    {
        JsonNode json = JsonNode.Parse(File.ReadAllText(Path.Combine(HostProcess.RepositoryRoot, notebook)))!;
        json["cells"]!
            .AsArray()
            .Should()
            .OnlyContain(c => (string)c!["cell_type"]! == "markdown" || c["outputs"]!.AsArray().Count == 0);
        string code = string.Join(
            '\n',
            json["cells"]!
                .AsArray()
                .Where(c => (string)c!["cell_type"]! == "code")
                .Select(c => string.Concat(c!["source"]!.AsArray().Select(l => (string)l!)))
        );
        using var folder = new TemporaryFolder();
        string picture = Path.Combine(folder.Path, "figure.png");
        Interpreter
            .Python(
                $"""
                import os
                os.environ.update(RUN={Literal(run.Folder)}, MPLBACKEND='Agg')
                {code}
                figure.savefig({Literal(picture)})
                """
            )
            .Should()
            .StartWith("2 samples, 8 layers of 8 heads");
        new FileInfo(picture).Length.Should().BeGreaterThan(10_000);
    }

    private void RunPython(string packages)
    {
        string[] blocks = [.. Blocks("python").Where(b => PackagesOf(b) == packages)];
        blocks.Should().NotBeEmpty();
        foreach (string block in blocks)
        {
            Interpreter.Python(block).Trim().Should().NotBeEmpty(block);
        }
    }

    private static void RunR(string block) => Interpreter.R(block).Trim().Should().NotBeEmpty();

    private IEnumerable<string> Blocks(string language) =>
        Block()
            .Matches(Page)
            .Where(m => m.Groups[1].Value == language)
            .Select(m => m.Groups[2].Value.Replace(RunInDocs, run.Folder, StringComparison.Ordinal));

    /// <summary>The packages that a block imports beyond Python's own, in order.</summary>
    private static string PackagesOf(string block) =>
        string.Join(
            ' ',
            Import().Matches(block).Select(m => m.Groups[1].Value).Except(["csv", "json"]).Order(StringComparer.Ordinal)
        );

    private IEnumerable<object> Column(string table, string column) =>
        Values($"select {column} from '{run.Tables}/{table}.parquet'");

    private static List<object> Values(string sql)
    {
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // the test's own text
        command.CommandText = sql;
#pragma warning restore CA2100
        using var reader = command.ExecuteReader();
        var values = new List<object>();
        while (reader.Read())
        {
            values.Add(reader.GetValue(0));
        }

        return values;
    }

    private static string Literal(string text) => System.Text.Json.JsonSerializer.Serialize(text);

    [GeneratedRegex("^```([a-z]+)\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex(@"^import (\w+)", RegexOptions.Multiline)]
    private static partial Regex Import();

    /// <summary>A run that all tests read.</summary>
    public sealed class Run : IDisposable
    {
        private readonly SmallExperiment experiment = SmallExperiment.AfterRun();

        /// <summary>Its folder.</summary>
        public string Folder => experiment.RunFolder;

        /// <summary>Its tables.</summary>
        public string Tables => Path.Combine(Folder, "tables");

        public void Dispose() => experiment.Dispose();
    }
}

/// <summary>Interpreters of other languages, and which packages they have here.</summary>
internal static class Interpreter
{
    private static readonly string[] Asked = ["numpy", "pandas", "pyarrow", "polars", "duckdb", "matplotlib"];

    /// <summary>The Python that has most of the packages; null where there is none.</summary>
    private static readonly Lazy<(string Program, HashSet<string> Packages)?> Found = new(() =>
        ((string[])["python3", "/usr/bin/python3"])
            .Select(program => (program, PackagesOf(program)))
            .Where(p => p.Item2 is not null)
            .Select(p => ((string, HashSet<string>)?)(p.program, p.Item2!))
            .MaxBy(p => p!.Value.Item2.Count)
    );

    /// <summary>Why Python or a package of it is missing; null where all are there.</summary>
    public static string? WithoutPython(params string[] packages) =>
        Found.Value is not { } python ? "no python3 here"
        : packages.FirstOrDefault(p => !python.Packages.Contains(p)) is { } missing ? $"python3 has no {missing} here"
        : null;

    /// <summary>Why R or a package of it is missing; null where all are there.</summary>
    public static string? WithoutR(params string[] packages) =>
        Try("Rscript", ["-e", "cat('yes')"], "") is not "yes" ? "no R here"
        : packages.FirstOrDefault(p =>
            Try("Rscript", ["-e", $"cat(requireNamespace('{p}', quietly = TRUE))"], "") is not "TRUE"
        )
            is { } missing
            ? $"R has no {missing} here"
        : null;

    /// <summary>Runs a program in Python and demands that it succeeds.</summary>
    public static string Python(string code) => Run(Found.Value!.Value.Program, ["-"], code);

    /// <summary>Runs a program in R and demands that it succeeds.</summary>
    public static string R(string code) => Run("Rscript", ["-"], code);

    private static HashSet<string>? PackagesOf(string program)
    {
        string names = string.Join(',', Asked.Select(p => $"'{p}'")),
            code = $"from importlib.util import find_spec; print(*[p for p in [{names}] if find_spec(p)])";
        return Try(program, ["-c", code], "")?.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).ToHashSet();
    }

    private static string? Try(string program, string[] arguments, string input)
    {
        try
        {
            return Run(program, arguments, input);
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    private static string Run(string program, string[] arguments, string input)
    {
        using Process process = Process.Start(
            new ProcessStartInfo(program, arguments)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        var errors = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException(
                $"{program} ended with {process.ExitCode}.\n{errors.GetAwaiter().GetResult()}\n{input}"
            );
    }
}

/// <summary>A theory that needs packages of Python; skipped where they are not there.</summary>
public sealed class PythonTheoryAttribute : TheoryAttribute
{
    public PythonTheoryAttribute(params string[] packages) => Skip = Interpreter.WithoutPython(packages);
}

/// <summary>A test that needs R and packages of it; skipped where they are not there.</summary>
public sealed class RFactAttribute : FactAttribute
{
    public RFactAttribute(params string[] packages) => Skip = Interpreter.WithoutR(packages);
}
