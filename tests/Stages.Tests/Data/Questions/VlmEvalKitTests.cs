using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Data.Questions;
using Xunit;

namespace Pipelines.Stages.Tests.Data.Questions;

/// <summary>VLMEvalKit's TSV: pictures in base64, or the index of the row that has them.</summary>
public sealed class VlmEvalKitTests
{
    private static readonly string Small = QuestionFolder.Base64("picture one ", 10),
        Large = QuestionFolder.Base64("picture two ", 200_000);

    private static string Row(params string[] fields) => string.Join('\t', fields);

    [Fact]
    public void A_question_has_its_hint_and_options_and_the_picture_its_bytes()
    {
        using var folder = new QuestionFolder();
        folder.Lines(
            "MMBench.tsv",
            Row("index", "image", "question", "hint", "A", "B", "C", "D", "answer", "category", "l2-category", "split"),
            Row("0", Small, "What is it?", "Look at it.", "A cat", "None", "", "", "B", "ocr", "perception", "dev"),
            Row("1", Large, "\"Is it\nred?\"", "", "", "", "", "", "Yes", "adversarial,popular, random", "", "dev")
        );

        var set = folder.Read("MMBench.tsv");

        (set.Format, set.Why)
            .Should()
            .Be((QuestionFormat.Vlmevalkit, "vlmevalkit: rows have index, question and image"));
        var first = set.Rows[0].Question!;
        first.Text.Should().Be("Hint: Look at it.\nQuestion: What is it?\nOptions:\nA. A cat\nB. None");
        first.Options.Should().Equal("A cat", "None");
        first.Answers.Should().Equal("B");
        first.CounterAnswer.Should().Be("A");
        first.Groups.Should().Equal("ocr", "perception");
        var second = set.Rows[1].Question!;
        second.Text.Should().Be("Is it\nred?");
        second.Answers.Should().Equal("Yes");
        second.Groups.Should().Equal("adversarial", "popular", "random");
        set.Rows.Select(r => (r.File, r.FullPath))
            .Should()
            .Equal(("MMBench.tsv:1", folder.Path("MMBench.tsv")), ("MMBench.tsv:2", folder.Path("MMBench.tsv")));
        set.Rows[0].Location.Read().Should().Equal(Convert.FromBase64String(Small));
        set.Rows[1].Location.Should().BeOfType<DelimitedPicture>("of a large picture only the place is kept");
        set.Rows[1].Location.Read().Should().Equal(Convert.FromBase64String(Large));
        set.Rows[1].Location.Shown.Should().Be(folder.Path("MMBench.tsv") + ":2");
    }

    [Fact]
    public void A_short_cell_points_to_the_row_that_has_the_picture_earlier_or_later()
    {
        using var folder = new QuestionFolder();
        folder.Lines(
            "t.tsv",
            Row("index", "image", "question", "answer"),
            Row("0", "7", "later?", "a"),
            Row("7", Large, "own?", "b"),
            Row("3", "7", "earlier?", "c"),
            Row("4", "0", "chain?", "d"),
            Row("5", "99", "nowhere?", "e")
        );

        var set = folder.Read("t.tsv");

        set.Rows.Select(r => r.Category).Should().Equal("a", "b", "c");
        set.Rows.Should().OnlyContain(r => r.Location.Equals(set.Rows[1].Location) && r.File == "t.tsv:2");
        set.Reasons()
            .Should()
            .Equal(
                "t.tsv:4 its picture is that of index '0', which points to another one itself",
                "t.tsv:5 its picture is that of index '99', which no row has"
            );
    }

    [Fact]
    public void One_picture_in_a_list_is_read_and_several_are_left_out()
    {
        using var folder = new QuestionFolder();
        folder.Lines(
            "t.tsv",
            Row("index", "image", "question", "answer"),
            Row("0", $"['{Large}']", "one?", "['a', 'b']"),
            Row("1", $"['{Large}', '{Large}']", "two?", "b"),
            Row("2", $"['{Small}']", "small?", "c"),
            Row("3", $"\"[\"\"{Small}\"\", \"\"{Small}\"\"]\"", "two small?", "d")
        );

        var set = folder.Read("t.tsv");

        set.Rows.Select(r => r.Question!.Text).Should().Equal("one?", "small?");
        set.Rows[0].Question!.Answers.Should().Equal("a", "b");
        set.Rows[0].Location.Read().Should().Equal(Convert.FromBase64String(Large));
        set.Rows[1].Location.Read().Should().Equal(Convert.FromBase64String(Small));
        set.Reasons()
            .Should()
            .Equal(
                "t.tsv:2 it has 2 pictures, and questions about one are asked",
                "t.tsv:4 it has 2 pictures, and questions about one are asked"
            );
    }

    [Fact]
    public void A_path_counts_where_there_are_no_bytes()
    {
        using var folder = new QuestionFolder("a.jpg", "b.jpg");
        folder.Lines(
            "t.tsv",
            Row("index", "image", "image_path", "question", "answer"),
            Row("0", "", "a.jpg", "path?", "a"),
            Row("1", Small, "a.jpg", "both?", "b"),
            Row("2", "b.jpg", "", "name?", "c"),
            Row("3", "", "['a.jpg', 'b.jpg']", "several?", "c")
        );

        var set = folder.Read("t.tsv");

        set.Rows.Select(r => r.File).Should().Equal("a.jpg", "t.tsv:2", "b.jpg");
        set.Reasons().Should().Equal("t.tsv:4 it has 2 pictures, and questions about one are asked");
    }

    [Theory]
    [InlineData("B", null, "B")]
    [InlineData("(B)", null, "B")]
    [InlineData("A dog", null, "B")]
    [InlineData("b", null, "B")]
    [InlineData("1", LetterBase.From0, "B")]
    [InlineData("2", LetterBase.From1, "B")]
    public void The_answer_is_a_letter_whichever_way_it_is_said(string answer, LetterBase? letters, string expected)
    {
        using var folder = new QuestionFolder("a.jpg");
        folder.Lines(
            "t.tsv",
            Row("index", "image_path", "question", "A", "B", "C", "answer"),
            Row("0", "a.jpg", "What?", "A cat", "A dog", "A cow", answer)
        );

        folder.Read("t.tsv", s => s with { Letters = letters }).Only().Answers.Should().Equal(expected);
    }

    [Fact]
    public void How_options_are_counted_is_never_guessed()
    {
        using var folder = new QuestionFolder("a.jpg");
        folder.Lines(
            "t.tsv",
            Row("index", "image_path", "question", "A", "B", "C", "answer"),
            Row("0", "a.jpg", "How many?", "3", "2", "1", "1")
        );

        var read = () => folder.Read("t.tsv");

        read.Should()
            .Throw<InputException>()
            .Which.Message.Should()
            .StartWith(folder.Path("t.tsv") + ":1: the answer '1' is a number")
            .And.Contain("letters: from-0");
    }

    [Theory]
    [InlineData("D", "its answer 'D' is none of the 3 options")]
    [InlineData("A bird", "its answer 'A bird' is none of the 3 options")]
    [InlineData("", "it has no answer")]
    public void An_answer_that_is_no_option_leaves_the_row_out(string answer, string reason)
    {
        using var folder = new QuestionFolder("a.jpg");
        folder.Lines(
            "t.tsv",
            Row("index", "image_path", "question", "A", "B", "C", "answer"),
            Row("0", "a.jpg", "What?", "A cat", "A dog", "A cow", "A"),
            Row("1", "a.jpg", "What?", "A cat", "A dog", "A cow", answer)
        );

        folder.Read("t.tsv").Reasons().Should().Equal($"t.tsv:2 {reason}");
    }

    [Fact]
    public void Rotated_options_are_rows_of_their_own_and_one_group()
    {
        using var folder = new QuestionFolder();
        folder.Lines(
            "circular.tsv",
            Row("index", "image", "question", "A", "B", "answer"),
            Row("5", Small, "What?", "cat", "dog", "A"),
            Row("6", Small, "Who?", "cat", "dog", "A"),
            Row("1000005", "5", "What?", "dog", "cat", "B")
        );

        var set = folder.Read("circular.tsv");

        set.Rows.Select(r => string.Join('|', r.Question!.Groups)).Should().Equal("question 5", "", "question 5");
        set.Rows.Select(r => r.Category).Should().Equal("A", "A", "B");
    }

    [Theory]
    [InlineData("no base64 at all, but long enough to be taken for a picture that lies in a row !!!")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void Text_that_is_no_base64_is_found_when_the_picture_is_read(string text)
    {
        using var folder = new QuestionFolder();
        folder.Lines("t.tsv", Row("index", "image", "question", "answer"), Row("0", text, "What?", "a"));
        var picture = folder.Read("t.tsv").Rows[0].Location;

        picture
            .Invoking(p => p.Read())
            .Should()
            .Throw<InputException>()
            .Which.Message.Should()
            .StartWith(folder.Path("t.tsv") + ":1: the picture's text is no base64");
    }

    [Fact]
    public void Without_the_column_of_answers_there_are_none_and_the_file_is_named()
    {
        using var folder = new QuestionFolder();
        folder.Lines("TEST.tsv", Row("index", "image", "question", "A", "B"), Row("0", Small, "What?", "x", "y"));

        var set = folder.Read("TEST.tsv");

        set.Only().Answers.Should().BeEmpty();
        set.Notes.Should().Equal("TEST.tsv says no answers: nothing is judged by them");
    }
}
