using DuckDB.NET.Data;
using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Storage;
using Xunit;

namespace Pipelines.Stages.Tests.Storage;

public sealed class TableTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("tables-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private static readonly SampleRow[] Samples =
    [
        new(
            "000001",
            "a/b.jpg",
            "dog",
            "What?",
            "Dog",
            "right",
            "198 13",
            "\\n",
            17,
            " Dog",
            1.5,
            -0.25,
            SampleRow.Kept,
            null
        ),
        new(
            "000002",
            "ü, \"x\".png",
            null,
            "What?\nNow",
            "",
            null,
            null,
            null,
            null,
            null,
            null,
            null,
            SampleRow.Rejected,
            "empty answer"
        ),
        new(
            "000003",
            "c.jpg",
            "",
            "What?",
            "a\rb",
            "",
            "",
            "",
            0,
            "",
            double.NaN,
            double.NegativeInfinity,
            SampleRow.Kept,
            ""
        ),
    ];

    private static readonly FitRow[] Fits =
    [
        new("000001", "elastic-net", 0.82, 0.91, 0.01, 0.02, 0.1, 23, 5.1e-6, true, 800, 200),
        new("000002", "light-gbm", null, null, 0.01, 0.02, null, 100, null, false, 800, 200),
    ];

    [Fact]
    public void Every_table_reads_back_what_was_written()
    {
        RoundTrip(Tables.Of<SampleRow>(), Samples);
        RoundTrip(Tables.Of<FitRow>(), Fits);
        RoundTrip(Tables.Of<BaselineRow>(), [new(0, "x.jpg"), new(1, "y.jpg")]);
        RoundTrip(Tables.Of<AttributionRow>(), [new("s", 0, 1, 0.1), new("s", 31, 31, -1e-300)]);
        RoundTrip(Tables.Of<PredictionRow>(), [new("s", 5, 0.1, 0.2)]);
        RoundTrip(Tables.Of<ValidationRow>(), [new("s", "random", 2, 1024, 0.5, -0.0)]);
        RoundTrip(Tables.Of<ForwardRow>(), [new("s", 7, 1.0 / 3, 0.1)]);
        RoundTrip(Tables.Of<MaskRow>(), [new("s", 7, [1, 2, 255])]);
    }

    [Fact]
    public void A_table_without_rows_reads_back_empty_and_DuckDB_knows_its_columns()
    {
        RoundTrip(Tables.Of<SampleRow>(), []);
        RoundTrip(Tables.Of<MaskRow>(), []);
        RoundTrip(Tables.Of<FitRow>(), []);
        Query($"select count(*) from '{File_("fits")}'").Should().Be(0L);
        Query($"select count(*) from (describe select * from '{File_("fits")}')").Should().Be(12L);
    }

    [Fact]
    public void The_same_rows_give_the_same_bytes_in_Parquet_and_CSV()
    {
        Tables.Of<SampleRow>().WriteBoth(folder, Samples);
        var first = (File.ReadAllBytes(File_("samples")), File.ReadAllBytes(File_("samples", "csv")));
        Tables.Of<SampleRow>().WriteBoth(folder, Samples);
        File.ReadAllBytes(File_("samples")).Should().Equal(first.Item1);
        File.ReadAllBytes(File_("samples", "csv")).Should().Equal(first.Item2);
        Directory.GetFiles(folder).Should().HaveCount(2, "temporary files are renamed");
    }

    [Fact]
    public void Tables_longer_than_a_row_group_keep_every_row()
    {
        var rows = new Indexed<ValidationRow>(
            150_000,
            i => new ValidationRow($"s{i / 1000}", "causal", 0, i % 1000, i * 0.5, -i)
        );
        Tables.Of<ValidationRow>().Write(File_("validation"), rows);
        Tables.Of<ValidationRow>().Read(File_("validation")).Should().Equal(rows);
        Query($"select sum(faithfulness) from '{File_("validation")}'")
            .Should()
            .Be(Enumerable.Range(0, 150_000).Sum(i => i * 0.5));
    }

    [Fact]
    public void DuckDB_reads_tables_and_their_CSV_twins_alike()
    {
        Tables.Of<SampleRow>().WriteBoth(folder, Samples);
        Tables.Of<FitRow>().WriteBoth(folder, Fits);
        Query($"select count(*) from '{File_("samples")}' where status = 'kept'").Should().Be(2L);
        Query($"select file from '{File_("samples")}' where reason = 'empty answer'").Should().Be("ü, \"x\".png");
        Query($"select count(*) from '{File_("samples")}' where target_token is null and f_intact is null")
            .Should()
            .Be(1L);
        Query(
                $"select count(*) from (select * from '{File_("fits")}' except select * from "
                    + $"read_csv('{File_("fits", "csv")}', header = true))"
            )
            .Should()
            .Be(0L);
        Query($"select dual_gap from read_csv('{File_("fits", "csv")}', header = true) where sample_id = '000001'")
            .Should()
            .Be(5.1e-6);
        Query(
                $"select question from read_csv('{File_("samples", "csv")}', header = true, delim = ',', quote = "
                    + $"'\"', escape = '\"') where status = 'rejected'"
            )
            .Should()
            .Be("What?\nNow");
    }

    [Fact]
    public void DuckDB_reads_folders_of_masks_and_forward_and_joins_them()
    {
        var masks = Enumerable.Range(0, 700).Select(i => new byte[] { (byte)i, (byte)(i >> 8), 15 }).ToArray();
        string maskFolder = Directory.CreateDirectory(Path.Combine(folder, "masks")).FullName;
        string forwardFolder = Directory.CreateDirectory(Path.Combine(folder, "forward")).FullName;
        for (int first = 0; first < masks.Length; first += 250)
        {
            var part = masks[first..Math.Min(first + 250, masks.Length)];
            MaskPart.Write(Path.Combine(maskFolder, $"000001-{first:D8}.parquet"), "000001", first, part);
            ForwardPart.Write(
                Path.Combine(forwardFolder, $"000001-{first:D8}.parquet"),
                "000001",
                first,
                [.. part.Select((_, i) => (first + i) * 2.0)],
                [.. part.Select((_, i) => (first + i) / 700.0)]
            );
        }

        Query($"select count(*) from '{folder}/forward/*.parquet'").Should().Be(700L);
        Query(
                $"select cast(count(*) as bigint) from '{folder}/masks/*.parquet' m join "
                    + $"'{folder}/forward/*.parquet' f using (sample_id, mask_index) where f.phi > 0.5"
            )
            .Should()
            .Be(349L);
        Query($"select cast(sum(bit_count(cast(heads as bit))) as bigint) from '{folder}/masks/*.parquet'")
            .Should()
            .Be(masks.Sum(m => m.Sum(b => (long)byte.PopCount(b))));

        var read = MaskPart.Read(ParquetFile.Parts(maskFolder), 20).ToArray();
        read.Should().HaveCount(3);
        read.SelectMany(p => p.Heads).Should().BeEquivalentTo(masks, o => o.WithStrictOrdering());
        read.SelectMany(p => p.MaskIndex).Should().Equal(Enumerable.Range(0, 700));
        ForwardPart
            .Read(ParquetFile.Parts(forwardFolder))
            .SelectMany(p => p.Phi)
            .Should()
            .Equal(Enumerable.Range(0, 700).Select(i => i / 700.0));
    }

    [Fact]
    public void A_missing_required_text_is_refused_and_leaves_no_file()
    {
        var write = () => Tables.Of<BaselineRow>().Write(File_("baseline"), [new(0, null!)]);
        write.Should().Throw<ArgumentException>().WithMessage("*'file'*row 0*");
        Directory.GetFiles(folder).Should().BeEmpty();
    }

    [Fact]
    public void A_failed_write_leaves_the_old_file_as_it_was()
    {
        Tables.Of<BaselineRow>().Write(File_("baseline"), [new(0, "x")]);
        var write = () =>
            Tables
                .Of<BaselineRow>()
                .Write(File_("baseline"), new Indexed<BaselineRow>(2, _ => throw new TimeoutException()));
        write.Should().Throw<TimeoutException>();
        Tables.Of<BaselineRow>().Read(File_("baseline")).Should().Equal(new BaselineRow(0, "x"));
        Directory.GetFiles(folder).Should().HaveCount(1);
    }

    [Fact]
    public void Masks_of_another_model_and_tables_of_another_kind_are_errors_that_name_path_and_column()
    {
        string path = File_("masks");
        MaskPart.Write(
            path,
            "s",
            0,
            [
                [255, 1],
            ]
        );
        Error(() => MaskPart.Read([path], 8).ToArray())
            .Should()
            .Contain(path)
            .And.Contain("'heads'")
            .And.Contain("8 heads");
        MaskPart.Read([path], 9).Should().HaveCount(1);
        Error(() => Tables.Of<ForwardRow>().Read(path)).Should().Contain(path).And.Contain("'f'");
        Error(() => Tables.Of<BaselineRow>().Read(Path.Combine(folder, "none.parquet")))
            .Should()
            .Contain("none.parquet");
        Error(() => ParquetFile.Parts(Path.Combine(folder, "none"))).Should().Contain("none");
    }

    [Fact]
    public void Csv_follows_rfc_4180()
    {
        var text = new StringWriter();
        new CsvWriter(text)
            .Field("a,b")
            .Field("say \"x\"")
            .Field(null)
            .Field("")
            .Field(0.1 + 0.2)
            .Field(true)
            .Field(new byte[] { 10, 255 })
            .Field("a\nb")
            .Field(-0.0)
            .EndRow();
        text.ToString().Should().Be("\"a,b\",\"say \"\"x\"\"\",,\"\",0.30000000000000004,true,0aff,\"a\nb\",-0\r\n");
    }

    internal static string Error(Func<object?> read) => read.Should().Throw<InputException>().Which.Message;

    private void RoundTrip<TRow>(Table<TRow> table, TRow[] rows)
        where TRow : class
    {
        string path = File_(table.Name);
        table.Write(path, rows);
        table.Read(path).Should().BeEquivalentTo(rows, o => o.WithStrictOrdering().ComparingByMembers<TRow>());
    }

    private string File_(string name, string extension = "parquet") => Path.Combine(folder, $"{name}.{extension}");

    private static object? Query(string sql)
    {
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }
}
