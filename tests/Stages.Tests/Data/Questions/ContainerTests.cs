using System.Text;
using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Data.Questions;
using Xunit;

namespace Pipelines.Stages.Tests.Data.Questions;

/// <summary>What holds of files whatever their questions: JSONL, JSON, CSV, TSV.</summary>
public sealed class ContainerTests
{
    private static QuestionSource Plain(QuestionSource source) =>
        source with
        {
            Format = QuestionFormat.Columns,
            Columns = new QuestionColumns
            {
                Image = "image",
                Question = "question",
                Answer = "answer",
            },
        };

    private const string One = "{\"image\":\"a.jpg\",\"question\":\"What?\",\"answer\":3}",
        Two = "{\"image\":\"a.jpg\",\"question\":\"Why\u00e9?\",\"answer\":\"x, y\"}",
        Escaped = "{\"answer\":\"x, y\",\"image\":\"a.jpg\",\"question\":\"Why\\u00e9?\"}";

    public static TheoryData<string, string> Kinds =>
        new()
        {
            { "q.jsonl", $"{One}\n{Two}" },
            { "q.json", $"[{One},\n {Escaped}]\n" },
            { "wrapped.json", $"{{\"info\":{{\"a\":[1,{{\"]\":\"[\\\"\"}}]}},\"data\":[{One},{Two}],\"n\":2}}" },
            { "ids.json", $"{{\"7\":{One},\"8\":{Two}}}" },
            { "lines.json", $"\uFEFF{One}\r\n{Escaped}\r\n" },
            { "q.csv", "image,question,answer\na.jpg,What?,3\na.jpg,Why\u00e9?,\"x, y\"\n" },
            { "crlf.csv", "\uFEFFanswer,image,question\r\n3,a.jpg,What?\r\n\"x, y\",a.jpg,\"Why\u00e9?\"" },
            { "q.tsv", "image\tquestion\tanswer\na.jpg\tWhat?\t3\na.jpg\tWhy\u00e9?\tx, y\n" },
            { "tabs.txt", "image\tquestion\tanswer\na.jpg\tWhat?\t3\n\na.jpg\tWhy\u00e9?\t\"x, y\"\n" },
        };

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_kind_of_file_gives_the_same_rows(string name, string text)
    {
        using var folder = new QuestionFolder("a.jpg");
        folder.Write(name, text);

        var set = folder.Read(name, Plain);

        set.Rows.Select(r => r.SampleId).Should().Equal($"{name}:1", $"{name}:2");
        set.Rows.Select(r => r.Question!.Text).Should().Equal("What?", "Why\u00e9?");
        set.Rows.Select(r => r.Category).Should().Equal("3", "x, y");
    }

    [Theory]
    [InlineData("q.jsonl", "{\"a\":1}\n\n{\"a\":}\n", "q.jsonl:3: this is no JSON")]
    [InlineData("q.jsonl", "{\"a\":1} {\"a\":1}\n", "q.jsonl:1: this is no JSON")]
    [InlineData("q.json", "[{\"a\":1},\n{\"a\":\n]", "q.json:")]
    [InlineData("q.json", "[{\"a\":1},\n{\"a\": tru}]", "q.json:2: this is no JSON (row 2")]
    [InlineData("q.json", "[{\"a\":1}", "q.json:1: the JSON is damaged")]
    [InlineData("q.json", "[{\"a\":1}] x", "q.json:1: the JSON is damaged: the file goes on after its end")]
    [InlineData("q.json", "[{\"a\":1}\n{\"a\":1}]", "q.json:2: the JSON is damaged: ',' or ']' is expected, found '{'")]
    [InlineData("q.json", "hello", "q.json: is neither JSON nor JSONL")]
    [InlineData("q.json", "", "q.json: is empty.")]
    [InlineData("q.csv", "", "q.csv: is empty.")]
    [InlineData("q.json", "<html>", "q.json: is a web page or XML, not JSON.")]
    [InlineData("q.csv", "<html>", "q.csv: is a web page or XML, not CSV or TSV.")]
    [InlineData("q.parquet", "<html>", "q.parquet: is a web page or XML, not Parquet.")]
    [InlineData("q.json", "\u001f\u008b", "q.json: is a compressed archive.")]
    [InlineData(
        "q.tsv",
        "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n",
        "q.tsv: is a git-LFS pointer"
    )]
    [InlineData("q.json", "\u00ff\u00fe[\0", "q.json: is text in UTF-16 or UTF-32, not in UTF-8.")]
    [InlineData("q.csv", "image;question;answer\na;b;c\n", "q.csv:1: semicolons are found")]
    [InlineData("q.csv", "image,image\na,b\n", "q.csv:1: the column 'image' stands there twice.")]
    [InlineData(
        "q.csv",
        "image,question,answer\na.jpg,caf\u00e9,x\n",
        "q.csv: is not UTF-8 text (in line 1 or soon after it)."
    )]
    [InlineData("q.csv", "image,question,answer\n", "q.csv: holds no question.")]
    [InlineData("q.json", "[]", "q.json: holds no question.")]
    [InlineData("none.json", null, "none.json: this file of questions does not exist.")]
    [InlineData("test-*.parquet", null, "test-*.parquet: no file of questions matches this pattern.")]
    public void A_file_that_cannot_be_read_is_refused_with_the_place(string name, string? latin1, string message)
    {
        using var folder = new QuestionFolder("a.jpg");
        if (latin1 is not null)
        {
            folder.Write(name, Encoding.Latin1.GetBytes(latin1));
        }

        var read = () => folder.Read(name, Plain);

        read.Should().Throw<InputException>().Which.Message.Should().StartWith($"{folder.Root}/{message}");
    }

    [Theory]
    [InlineData("[1, NaN]")]
    [InlineData("NaN")]
    [InlineData("-Infinity")]
    public void Not_a_number_is_named_where_somebody_needs_it_and_passed_over_elsewhere(string literal)
    {
        using var folder = new QuestionFolder("a.jpg");
        folder.Write(
            "q.json",
            "[{\"other\": LITERAL, \"image\":\"a.jpg\",\"question\":\"NaN, \\\"NaN\\\"?\",\"answer\":1},".Replace(
                "LITERAL",
                literal
            ) + "{\"image\":\"a.jpg\",\"question\":\"What?\",\"answer\": LITERAL}]".Replace("LITERAL", literal)
        );

        var set = folder.Read("q.json", Plain);

        set.Only().Text.Should().Be("NaN, \"NaN\"?");
        string named = literal.Trim('[', ']').Split(' ')[^1];
        set.Reasons().Should().ContainSingle().Which.Should().Contain($"{named}, which is no number in JSON");
    }

    [Theory]
    [InlineData("q.jsonl", """{"image":"a.jpg","question":"  ","answer":"x"}""", "its question is empty")]
    [InlineData("q.jsonl", """{"image":"a.jpg","answer":"x"}""", "it has no question")]
    [InlineData(
        "q.jsonl",
        """{"image":"a.jpg","question":"Q?","answer":"x","question":"R?"}""",
        "'question' stands there twice"
    )]
    [InlineData(
        "q.jsonl",
        """{"image":"a.jpg","question":["Q?"],"answer":"x"}""",
        "'question' is a list, a text is expected"
    )]
    [InlineData("q.jsonl", """{"image":"a.jpg","question":"Q?","answer":" "}""", "its answer is empty")]
    [InlineData("q.jsonl", """{"image":"a.jpg","question":"Q?"}""", "it has no answer")]
    [InlineData("q.jsonl", """{"image":"a.jpg","question":"Q?","answer":[]}""", "it has no answer")]
    [InlineData(
        "q.jsonl",
        """{"image":"a.jpg","question":"Q\u0001?","answer":"x"}""",
        "its question holds the control character U+0001"
    )]
    [InlineData("q.jsonl", """{"image":"a.jpg","question":"Q?","answer":"\u0000"}""", "its answer holds a NUL")]
    [InlineData(
        "q.jsonl",
        """{"image":"a.jpg","question":"\ud83d","answer":"x"}""",
        "'question' is a text that is not UTF-8, or with half of a surrogate pair"
    )]
    [InlineData("q.jsonl", """{"question":"Q?","answer":"x"}""", "it names no picture")]
    [InlineData(
        "q.jsonl",
        """{"image":["a.jpg","b.jpg"],"question":"Q?","answer":"x"}""",
        "it has 2 pictures, and questions about one are asked"
    )]
    [InlineData(
        "q.jsonl",
        """{"image":"['a.jpg','b.jpg']","question":"Q?","answer":"x"}""",
        "it has 2 pictures, and questions about one are asked"
    )]
    [InlineData(
        "q.jsonl",
        """{"image":"../a.jpg","question":"Q?","answer":"x"}""",
        "'../a.jpg' does not name a file below the picture folder"
    )]
    [InlineData(
        "q.jsonl",
        """{"image":"https://x/a.jpg","question":"Q?","answer":"x"}""",
        "the picture is an address on the web, and pictures are read from files"
    )]
    [InlineData("q.jsonl", """7""", "it is neither an object nor a list")]
    [InlineData("q.csv", "a.jpg,Q?", "it has 2 fields where the header has 3")]
    [InlineData("q.csv", "a.jpg,Q?,x,y", "it has 4 fields where the header has 3")]
    [InlineData("q.csv", "a.jpg,,x", "it has no question")]
    [InlineData("q.csv", "a.jpg,Q?,", "it has no answer")]
    public void A_row_that_cannot_be_asked_about_is_left_out_with_its_number(string name, string row, string reason)
    {
        using var folder = new QuestionFolder("a.jpg", "b.jpg");
        bool json = name.EndsWith(".jsonl", StringComparison.Ordinal);
        string sound = json ? """{"image":"a.jpg","question":"Sound?","answer":"x"}""" : "a.jpg,Sound?,x";
        folder.Lines(name, json ? [sound, row, sound] : ["image,question,answer", sound, row, sound]);

        var set = folder.Read(name, Plain);

        set.Reasons().Should().Equal($"{name}:2 {reason}");
        set.Rows.Select(r => r.Question!.Row).Should().Equal(1, 3);
        set.Notes.Should().Equal($"1 row left out: {reason} ({name}:2)");
    }

    [Fact]
    public void A_field_keeps_its_line_feeds_quotes_tabs_and_blanks()
    {
        using var folder = new QuestionFolder("a.jpg");
        folder.Write(
            "q.csv",
            "image,question,answer\r\na.jpg,\" What\r\nis \"\"this\"\",\tthen? \",5\" pipe\na.jpg,Q?,x\n"
        );

        var set = folder.Read("q.csv", Plain);

        set.Rows[0].Question!.Text.Should().Be(" What\r\nis \"this\",\tthen? ");
        set.Rows[0].Category.Should().Be("5\" pipe");
        set.Rows[1].Question!.Row.Should().Be(2);
    }

    [Fact]
    public void A_quote_that_is_never_closed_is_an_error_and_no_row_is_lost_in_it()
    {
        using var folder = new QuestionFolder("a.jpg");
        folder.Write("q.csv", "image,question,answer\na.jpg,Q?,x\na.jpg,\"Q?,x\na.jpg,Q?,x\n");

        var read = () => folder.Read("q.csv", Plain);

        read.Should().Throw<InputException>().Which.Message.Should().Contain("q.csv:2").And.Contain("quote");
    }
}
