using FluentAssertions;
using Pipelines.Domain;
using Xunit;

namespace Pipelines.Stages.Tests.Data.Questions;

/// <summary>GQA and TextVQA.</summary>
public sealed class GqaAndTextVqaTests
{
    [Fact]
    public void Gqa_is_an_object_by_question_id()
    {
        using var folder = new QuestionFolder("2354786.jpg");
        folder.Write(
            "val_questions.json",
            """
            {"05515938": {"semantic": [{"operation": "select"}], "entailed": [], "question": "What is on the wall?",
             "imageId": "2354786", "isBalanced": true, "groups": {"global": null, "local": "10"}, "answer": "pipe",
             "types": {"detailed": "categoryThatS", "semantic": "cat", "structural": "query"},
             "fullAnswer": "The pipe is on the wall."},
             "05515939": {"imageId": "n1", "question": "Is it?", "answer": "no",
              "types": {"detailed": null, "semantic": "rel", "structural": "query"}}}
            """
        );

        var set = folder.Read("val_questions.json");

        (set.Format, set.Why).Should().Be((QuestionFormat.Gqa, "gqa: rows have imageId and question"));
        var question = set.Rows[0].Question!;
        (question.Id, question.Text).Should().Be(("05515938", "What is on the wall?"));
        question.Answers.Should().Equal("pipe");
        question.Groups.Should().Equal("query", "cat", "categoryThatS");
        set.Rows.Select(r => r.File).Should().Equal("2354786.jpg", "n1.jpg");
        set.Rows.Select(r => r.Gone is null).Should().Equal(true, false);
        set.Rows[1].Question!.Groups.Should().Equal("query", "rel");
        set.Notes.Should().ContainSingle().Which.Should().Contain("1 row without its picture on disk");
    }

    [Fact]
    public void Gqa_without_answers_says_so()
    {
        using var folder = new QuestionFolder("1.jpg");
        folder.Write("submission.json", """{"7": {"imageId": "1", "question": "What?", "isBalanced": false}}""");

        var set = folder.Read("submission.json");

        set.Only().Answers.Should().BeEmpty();
        set.Notes.Should().Equal("submission.json says no answers: nothing is judged by them");
    }

    [Fact]
    public void Gqa_with_options_holds_the_true_one_against_the_false_one()
    {
        using var folder = new QuestionFolder("1.jpg");
        folder.Lines(
            "gqa.csv",
            "question_id,img_id,question,answer,true option,false option,true_box",
            "7,1,Is it red or blue?,red,red,blue,\"[1, 2]\"",
            "8,1,Is it red or blue?,blue,red,blue,"
        );

        var set = folder.Read("gqa.csv");

        set.Format.Should().Be(QuestionFormat.Gqa);
        set.Only().Answers.Should().Equal("red");
        set.Only().CounterAnswer.Should().Be("blue");
        set.Reasons().Should().Equal("gqa.csv:2 its answer 'blue' is not its true option 'red'");
    }

    [Fact]
    public void Of_textvqas_ten_answers_the_most_frequent_is_measured_and_ties_go_to_the_first()
    {
        using var folder = new QuestionFolder("0054c91397f2fe05.jpg");
        folder.Write(
            "TextVQA_0.5.1_val.json",
            """
            {"dataset_type": "val", "data": [{"question": "what brand?", "image_id": "0054c91397f2fe05",
              "image_classes": ["Cup"], "flickr_original_url": "x", "image_width": 4, "question_id": 34602,
              "set_name": "val", "answers": ["b", "nokia", " a", "nokia", "a", "B", "b ", "x", "", "y"]}],
             "dataset_name": "textvqa"}
            """
        );

        var set = folder.Read("TextVQA_0.5.1_val.json");

        set.Format.Should().Be(QuestionFormat.Textvqa);
        var question = set.Only();
        question.Id.Should().Be("34602");
        question.Answers.Should().Equal("b", "nokia", "a", "B", "x", "y");
        question.Annotations.Should().Equal("b", "nokia", " a", "nokia", "a", "B", "b ", "x", "", "y");
        question.Text.Should().Be("what brand?", "nothing is added to a question");
        set.Rows[0].File.Should().Be("0054c91397f2fe05.jpg");
    }
}
