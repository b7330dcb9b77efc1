using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Data;
using Xunit;

namespace Pipelines.Stages.Tests.Data.Questions;

/// <summary>POPE: an object a line, whatever the file is called.</summary>
public sealed class PopeTests
{
    private const string First =
        """{"question_id": 0, "image": "a.jpg", "text": "Is there a dog in the image?", "label": "yes"}""";

    [Fact]
    public void A_line_is_a_question_about_its_picture()
    {
        using var folder = new QuestionFolder("a.jpg", "b.jpg");
        folder.Lines(
            "coco_pope_adversarial.json",
            First,
            """{"question_id": 1, "image": "b.jpg", "text": "Is there a cat in the image?", "label": "no"}"""
        );

        var set = folder.Read("coco_pope_adversarial.json");

        set.Format.Should().Be(QuestionFormat.Pope);
        set.Why.Should().Be("pope: lines are objects with question_id, image, text and label");
        set.LeftOut.Should().BeEmpty();
        set.Notes.Should().BeEmpty();
        set.Files.Should().ContainSingle().Which.Rows.Should().Be(2);
        set.Rows.Select(r => r.SampleId).Should().Equal("coco_pope_adversarial.json:1", "coco_pope_adversarial.json:2");
        var row = set.Rows[0];
        (row.File, row.FullPath, row.Category, row.Gone).Should().Be(("a.jpg", folder.Path("a.jpg"), "yes", null));
        row.Location.Should().Be(new PictureFile(folder.Path("a.jpg")));
        var question = row.Question!;
        (question.Id, question.Text, question.Row).Should().Be(("0", "Is there a dog in the image?", 1L));
        question.Answers.Should().Equal("yes");
        question.CounterAnswer.Should().Be("no");
        question.Groups.Should().Equal("adversarial");
        set.Rows[1].Question!.CounterAnswer.Should().Be("yes");
    }

    [Theory]
    [InlineData("Yes", "yes")]
    [InlineData("yes ", "yes")]
    [InlineData("no.", "no")]
    [InlineData(" NO", "no")]
    [InlineData("maybe", null)]
    [InlineData("not", null)]
    [InlineData("yes..", null)]
    [InlineData("1", null)]
    public void A_label_is_yes_or_no_however_it_is_spelt_and_anything_else_is_named(string label, string? answer)
    {
        using var folder = new QuestionFolder("a.jpg");
        folder.Lines("pope.jsonl", First, First.Replace("\"yes\"", $"\"{label}\"").Replace(": 0", ": 1"));

        var set = folder.Read("pope.jsonl");

        if (answer is not null)
        {
            set.Rows[1].Question!.Answers.Should().Equal(answer);
        }
        else
        {
            set.Reasons().Should().Equal($"pope.jsonl:2 its label '{label}' is neither yes nor no");
            set.Notes.Should().ContainSingle().Which.Should().Contain("1 row left out").And.Contain("pope.jsonl:2");
        }
    }

    [Fact]
    public void A_copy_without_labels_has_no_answers_and_says_so()
    {
        using var folder = new QuestionFolder("a.jpg");
        folder.Lines(
            "llava_pope_test.jsonl",
            """{"question_id": 0, "image": "a.jpg", "text": "Is there a dog?", "category": "adversarial"}"""
        );

        var set = folder.Read("llava_pope_test.jsonl");

        set.Only().Answers.Should().BeEmpty();
        set.Only().Groups.Should().Equal("adversarial");
        set.Rows[0].Category.Should().BeNull();
        set.Notes.Should().Equal("llava_pope_test.jsonl says no answers: nothing is judged by them");
    }

    [Fact]
    public void A_row_without_a_label_in_a_file_with_labels_is_left_out()
    {
        using var folder = new QuestionFolder("a.jpg");
        folder.Lines(
            "p.jsonl",
            """{"question_id": 7, "image": "a.jpg", "text": "Is there a cat?", "label": null}""",
            First
        );

        folder.Read("p.jsonl").Reasons().Should().Equal("p.jsonl:1 it has no answer");
    }

    [Fact]
    public void The_letter_of_a_multiple_choice_question_is_its_answer()
    {
        using var folder = new QuestionFolder("a.jpg");
        folder.Lines(
            "mcq_pope.json",
            """{"question_id": 1, "image": "a.jpg", "text": "Is there a dog?\nA. Yes\nB. No", "label": "B"}""",
            """{"question_id": 2, "image": "a.jpg", "text": "Is there a dog?", "label": "B"}"""
        );

        var set = folder.Read("mcq_pope.json");

        set.Only().Answers.Should().Equal("B");
        set.Only().CounterAnswer.Should().BeNull();
        set.Reasons().Should().Equal("mcq_pope.json:2 its label 'B' is neither yes nor no");
    }

    [Fact]
    public void Equal_ids_in_two_files_are_no_error_and_in_one_file_both_rows_are_named()
    {
        using var folder = new QuestionFolder("a.jpg");
        folder.Lines("random.json", First);
        folder.Lines("popular.json", First);
        folder.Lines("twice.json", First, "", First.Replace("dog", "cat"));

        folder
            .Read(["random.json", "popular.json"])
            .Rows.Select(r => r.Question!.Groups[0])
            .Should()
            .Equal("random", "popular");
        var read = () => folder.Read("twice.json");
        read.Should()
            .Throw<InputException>()
            .Which.Message.Should()
            .StartWith(folder.Path("twice.json") + ":3: the id '0' stands in row 1, too.");
    }

    [Fact]
    public void A_format_that_the_file_is_not_of_is_refused_with_its_columns()
    {
        using var folder = new QuestionFolder("a.jpg");
        folder.Lines("q.csv", "image,question,answer", "a.jpg,What?,x");

        var read = () => folder.Read("q.csv", s => s with { Format = QuestionFormat.Pope });

        read.Should()
            .Throw<InputException>()
            .Which.Message.Should()
            .Contain("is no file of the format pope: it has no column 'text'. Its columns are 'image', 'question'");
    }

    [Fact]
    public void A_pictures_id_in_the_place_of_the_questions_is_told()
    {
        using var folder = new QuestionFolder("COCO_val2014_000000310196.jpg");
        string row = First.Replace("a.jpg", "COCO_val2014_000000310196.jpg").Replace(": 0", ": 310196");
        folder.Lines("p.json", row, row.Replace("dog", "cat"));

        var set = folder.Read("p.json");

        set.Rows.Should().HaveCount(2);
        set.Notes.Should().ContainSingle().Which.Should().Contain("rows 1 and 2 both have '310196'");
    }
}
