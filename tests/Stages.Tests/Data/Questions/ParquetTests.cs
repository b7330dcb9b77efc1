using System.Text;
using DuckDB.NET.Data;
using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Data.Questions;
using Xunit;

namespace Pipelines.Stages.Tests.Data.Questions;

/// <summary>Parquet as the hub has it: nested columns, part files, classes; Visual-Counterfact.</summary>
public sealed class ParquetTests
{
    /// <summary>Writes what a query gives.</summary>
    private static void Write(QuestionFolder folder, string name, string query, string options = "")
    {
        using var database = new DuckDBConnection("DataSource=:memory:");
        database.Open();
        using var command = database.CreateCommand();
        command.CommandText = $"copy ({query}) to '{folder.Path(name)}' (format parquet{options})";
        command.ExecuteNonQuery();
    }

    private static QuestionSource Columns(QuestionSource source, QuestionColumns columns) =>
        source with
        {
            Format = QuestionFormat.Columns,
            Columns = columns,
        };

    private static readonly QuestionColumns Usual = new()
    {
        Image = "image",
        Question = "question",
        Answer = "answer",
    };

    [Fact]
    public void Bytes_win_then_the_path_then_the_reason()
    {
        using var folder = new QuestionFolder("a.jpg");
        Write(
            folder,
            "test.parquet",
            """
            select * from (values
                (1, {'bytes': 'first'::blob, 'path': 'a.jpg'}, 'Q1?', 'x'),
                (2, {'bytes': null, 'path': 'a.jpg'}, 'Q2?', 'y'),
                (3, {'bytes': null, 'path': null}, 'Q3?', 'z'),
                (4, null, 'Q4?', 'z'),
                (5, {'bytes': 'fifth'::blob, 'path': null}, 'Q5?', 'v')) t(question_id, image, question, answer)
            """
        );

        var set = folder.Read("test.parquet");

        set.Format.Should().Be(QuestionFormat.Columns);
        set.Why.Should().Be("columns: Parquet with columns { id: question_id, image, question, answer }");
        set.Rows.Select(r => (r.SampleId, r.File, r.Category))
            .Should()
            .Equal(
                ("test.parquet:1", "test.parquet:1", "x"),
                ("test.parquet:2", "a.jpg", "y"),
                ("test.parquet:5", "test.parquet:5", "v")
            );
        Encoding.UTF8.GetString(set.Rows[0].Location.Read()).Should().Be("first");
        Encoding.UTF8.GetString(set.Rows[2].Location.Read()).Should().Be("fifth");
        set.Rows[0].Location.Container.Should().Be(folder.Path("test.parquet"));
        set.Reasons().Should().Equal("test.parquet:3 it names no picture", "test.parquet:4 it names no picture");
    }

    [Theory]
    [InlineData("'bytes'::blob")]
    [InlineData("{'bytes': 'bytes'::blob, 'path': 'n.jpg'}")]
    [InlineData("['bytes'::blob]")]
    [InlineData("[{'bytes': 'bytes'::blob, 'path': 'n.jpg'}]")]
    public void A_picture_is_bytes_a_struct_or_a_list_of_one(string image)
    {
        using var folder = new QuestionFolder();
        Write(
            folder,
            "t.parquet",
            $"select {image} as image, 'Q?' as question, i::varchar as answer from range(3) r(i)"
        );

        var set = folder.Read("t.parquet");

        set.Rows.Should().HaveCount(3);
        set.Rows.Should().OnlyContain(r => Encoding.UTF8.GetString(r.Location.Read()) == "bytes");
    }

    [Theory]
    [InlineData("['a'::blob, 'b'::blob]")]
    [InlineData("[{'bytes': 'a'::blob, 'path': 'n.jpg'}, {'bytes': 'b'::blob, 'path': 'm.jpg'}]")]
    [InlineData("['a.jpg', 'b.jpg']")]
    public void Several_pictures_leave_the_row_out(string image)
    {
        using var folder = new QuestionFolder("a.jpg");
        Write(folder, "t.parquet", $"select {image} as image, 'Q?' as question, 'x' as answer");

        var read = () => folder.Read("t.parquet");

        read.Should().Throw<InputException>().Which.Message.Should().Contain("it has 2 pictures");
    }

    [Theory]
    [InlineData("['a', 'b', 'a']")]
    [InlineData("[{'answer': 'a', 'n': 1}, {'answer': 'b', 'n': 2}, {'answer': 'a', 'n': 3}]")]
    [InlineData("{'answer': ['a', 'b', 'a'], 'n': [1, 2, 3]}")]
    [InlineData("'[''a'', \"b\"]'")]
    [InlineData("'[''a'', \"b\"]'::blob")]
    public void Answers_are_lists_structs_or_text(string answers)
    {
        using var folder = new QuestionFolder("a.jpg");
        Write(folder, "t.parquet", $"select 'a.jpg' as image, 'Q?' as question, {answers} as answers from range(2)");

        var set = folder.Read("t.parquet", s => Columns(s, Usual with { Answer = null, Answers = "answers" }));

        set.Rows.Should().HaveCount(2);
        set.Rows.Should().OnlyContain(r => r.Question!.Answers.SequenceEqual(new[] { "a", "b" }));
    }

    [Fact]
    public void Empty_lists_and_nulls_stay_with_their_rows()
    {
        using var folder = new QuestionFolder("a.jpg");
        Write(
            folder,
            "t.parquet",
            """
            select 'a.jpg' as image, 'Q?' as question, i as id,
                case i when 1 then [] when 2 then null when 4 then [null] else ['r' || i, 's'] end as answers
            from range(6) r(i)
            """
        );

        var set = folder.Read("t.parquet", s =>
            Columns(s, Usual with { Answer = null, Answers = "answers", Id = "id" })
        );

        set.Rows.Select(r => $"{r.Question!.Id} {string.Join(',', r.Question.Answers)}")
            .Should()
            .Equal("0 r0,s", "3 r3,s", "5 r5,s");
        set.Reasons().Should().HaveCount(3).And.Contain(r => r.StartsWith("t.parquet:5 'answers' has nothing"));
    }

    [Fact]
    public void Numbers_are_texts_as_they_would_be_written_and_classes_have_names()
    {
        using var folder = new QuestionFolder("a.jpg");
        Write(
            folder,
            "t.parquet",
            """
            select 'a.jpg' as image, 'Q?' as question, i::bigint as answer, (i + 0.0)::double as d,
                (i + 0.1)::float as f, i::utinyint as u from range(2) r(i)
            """,
            """
            , kv_metadata {huggingface: '{"info": {"features": {"answer": {"names": ["no", "yes"],
                "_type": "ClassLabel"}, "d": {"dtype": "double", "_type": "Value"}}}}'}
            """
        );

        string?[] Of(string column) =>
            [.. folder.Read("t.parquet", s => Columns(s, Usual with { Answer = column })).Rows.Select(r => r.Category)];

        Of("answer").Should().Equal("no", "yes");
        Of("d").Should().Equal("0", "1");
        Of("f").Should().Equal("0.1", "1.1");
        Of("u").Should().Equal("0", "1");
    }

    [Fact]
    public void Several_parts_are_read_in_order_with_rows_of_their_own_and_several_row_groups()
    {
        using var folder = new QuestionFolder();
        string rows = "select ('p' || i)::blob as image, 'Q' || i as question, 'x' as answer from range(5000) r(i)";
        Write(folder, "test-00001-of-00002.parquet", rows, ", row_group_size 2048");
        Write(folder, "test-00000-of-00002.parquet", rows);

        var set = folder.Read("test-*.parquet");

        set.Files.Select(f => (f.Name, f.Rows))
            .Should()
            .Equal(("test-00000-of-00002.parquet", 5000), ("test-00001-of-00002.parquet", 5000));
        set.Rows[^1].SampleId.Should().Be("test-00001-of-00002.parquet:5000");
        Parallel.For(0, 200, i =>
            Encoding.UTF8.GetString(set.Rows[i * 50].Location.Read()).Should().Be($"p{i * 50 % 5000}")
        );
    }

    [Fact]
    public void A_wrong_column_is_named_with_those_of_the_file()
    {
        using var folder = new QuestionFolder();
        Write(folder, "t.parquet", "select 'a.jpg' as image, 'Q?' as question, 'x' as answer");

        var read = () =>
            folder.Read("t.parquet", s =>
                Columns(s, Usual with { Answer = "anser" }) with
                {
                    Nearest = (_, names) => names.Last(),
                }
            );

        read.Should()
            .Throw<InputException>()
            .Which.Message.Should()
            .EndWith(
                "has no column 'anser' (columns.answer). Its columns are 'image', 'question', 'answer'. "
                    + "Did you mean 'answer'?"
            );
    }

    [Fact]
    public void Color_asks_for_the_color_of_the_usual_picture_against_the_other()
    {
        using var folder = new QuestionFolder();
        Write(
            folder,
            "color-00000-of-00001.parquet",
            """
            select * from (values
                ('banana', {'bytes': 'yellow'::blob, 'path': null}, 'blue'::blob, '[''yellow'', ''green'']', 'blue'),
                ('fog', {'bytes': 'g'::blob, 'path': null}, 'r'::blob, '[''grey'']', 'red'),
                ('cloud', {'bytes': 'g'::blob, 'path': null}, 'r'::blob, '[''grey'']', 'gray'),
                ('apple', {'bytes': 'g'::blob, 'path': null}, 'r'::blob, '[''red'', ''green'']', 'green'))
                t(object, original_image, counterfact_image, correct_answer, incorrect_answer)
            """
        );

        var set = folder.Read("color-00000-of-00001.parquet");

        set.Format.Should().Be(QuestionFormat.VisualCounterfact);
        var question = set.Rows[0].Question!;
        question.Text.Should().Be("What color is this banana?");
        question.Answers.Should().Equal("yellow", "green");
        question.CounterAnswer.Should().Be("blue");
        question.Groups.Should().Equal("color");
        Encoding.UTF8.GetString(set.Rows[0].Location.Read()).Should().Be("yellow");
        Encoding.UTF8.GetString(question.CounterPicture!.Read()).Should().Be("blue");
        set.Rows[1].Question!.Answers.Should().Equal("grey", "gray");
        set.Reasons()
            .Should()
            .Equal(
                "color-00000-of-00001.parquet:3 its counter-answer 'gray' is among the right ones",
                "color-00000-of-00001.parquet:4 its counter-answer 'green' is among the right ones"
            );
    }

    [Fact]
    public void Size_asks_which_of_the_two_is_larger_in_an_order_of_the_seed()
    {
        using var folder = new QuestionFolder();
        Write(
            folder,
            "size-00000-of-00001.parquet",
            """
            select 'x' as object, 'o'::blob as original_image, 'c'::blob as counterfact_image,
                'a whale' as correct_answer, 'a cat' as incorrect_answer from range(50)
            """
        );

        var set = folder.Read("size-00000-of-00001.parquet");

        set.Rows.Select(r => r.Question!.Text)
            .Distinct()
            .Should()
            .BeEquivalentTo(["Which is larger here, a whale or a cat?", "Which is larger here, a cat or a whale?"]);
        set.Rows.Should().OnlyContain(r => r.Category == "a whale" && r.Question!.CounterAnswer == "a cat");
    }

    /// <summary>Damage in a column that nobody reads is no damage.</summary>
    [GoldenFact("parquet")]
    public void Broken_files_are_errors_that_say_get_it_again()
    {
        string[] files = [.. Directory.EnumerateFiles(Golden.Path("parquet", "broken")).Select(Path.GetFullPath)];
        var columns = Usual with { Image = "sample", Question = "sample", Answer = "reason" };
        int refused = 0;
        foreach (string file in files)
        {
            try
            {
                QuestionReader.Read(Columns(new QuestionSource { Files = [file] }, columns));
            }
            catch (InputException e)
            {
                e.Message.Should().NotContain("anew", "nothing computes a file of questions");
                refused += e.Where.StartsWith(file, StringComparison.Ordinal) ? 1 : 0;
            }
        }

        refused.Should().BeGreaterThan(files.Length / 2);
    }
}
